"""If these failed, an author who followed the page for authors would end with an indicator that does not work."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from frameworks.catalogue import DATA, installed_frameworks, load_framework
from frameworks.functions import FUNCTIONS
from tests.frameworks import in_need

PAGE = (DATA.parent / "README.md").read_text(encoding="utf-8")


def test_the_indicator_of_the_page_can_be_added_and_its_hand_worked_children_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition, placement = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (test,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    for name, addition in (("definitions/cin_census.toml", definition), ("outcomes-2019.toml", placement)):
        with (folder / name).open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"\n{addition}")
    monkeypatch.setattr(in_need, "load_framework", partial(load_framework, folder=folder))
    names: dict[str, object] = {}
    exec(compile(test, "README.md", "exec"), names)  # noqa: S102 the page is ours
    run = names["test_enquiries_that_led_to_a_conference"]
    assert callable(run)
    run()


def test_every_function_is_on_the_page() -> None:
    for name in FUNCTIONS:
        assert f"`{name}(" in PAGE


def test_the_check_of_the_page_names_every_framework() -> None:
    found = subprocess.run([sys.executable, "-m", "frameworks"], capture_output=True, text=True, check=True)
    for framework_id in installed_frameworks():
        assert f"{framework_id} {load_framework(framework_id).version}: " in found.stdout
        assert load_framework(framework_id).digest in found.stdout
