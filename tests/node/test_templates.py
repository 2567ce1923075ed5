"""The templates that councils fill in. If these failed, a council would fill a file that the node does not know, or
look in vain for what a column means."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from node.cli import main
from node.sources import education_columns, families, feedback
from node.sources.inventory import take_inventory

TEMPLATES = Path(__file__).parents[2] / "node" / "templates"
GUIDE = (TEMPLATES / "README.md").read_text(encoding="utf-8")
COLUMNS = education_columns.COLUMNS | families.COLUMNS | feedback.COLUMNS


def test_there_is_a_template_of_every_kind_and_of_no_other(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "2025")
    found = take_inventory(tmp_path, 2025)
    assert sorted(file.kind for file in found.files) == sorted(COLUMNS)
    assert [file.name for file in found.ignored] == ["2025/README.md"]


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_template_has_the_columns_that_are_read_and_the_guide_names_each(kind: str, tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "2025")
    (file,) = (file for file in take_inventory(tmp_path, 2025).files if file.kind == kind)
    columns = file.path.read_text(encoding="utf-8").strip().split(",")
    assert sorted(columns) == sorted(column.name for column in COLUMNS[kind])
    assert f"`{file.path.name}`" in GUIDE
    assert [column for column in columns if f"`{column}`" not in GUIDE] == []


def test_the_command_writes_them_all_and_never_over_one_that_may_be_filled_in(tmp_path: Path) -> None:
    out = tmp_path / "templates"
    command = ["templates", "--out", str(out)]
    assert CliRunner().invoke(main, command).exit_code == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in TEMPLATES.iterdir()
    }
    filled = out / "education_attendance.csv"
    filled.write_text("UPN,CHILD_ID\nfilled,in\n", encoding="utf-8")
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 2
    assert filled.read_text(encoding="utf-8") == "UPN,CHILD_ID\nfilled,in\n"
