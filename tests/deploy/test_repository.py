"""If these failed, the repository would carry what it must not, or install as something else."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_REGISTRIES = "|".join(["py" + "pi", "python" + "hosted", "npm" + "js", "deb" + "ian"])
_INDEX_OPTIONS = "|".join(["--(extra-)?index-" + "url", "--trusted-" + "host", "--find-" + "links"])
FORBIDDEN = {
    "a package registry's host": re.compile(rf"://[a-z0-9.-]*({_REGISTRIES})[a-z0-9.-]*", re.I),
    "an index option": re.compile(rf"(^|\s)({_INDEX_OPTIONS})\b"),
    "a machine path": re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm|root|home)/"),
}


def tracked_texts() -> dict[str, str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in filter(None, listed.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode("utf-8", errors="replace")
    return texts


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str) -> None:
    found = [
        f"{name}:{number}"
        for name, text in tracked_texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if FORBIDDEN[what].search(line)
    ]
    assert found == []


def test_the_search_would_find_what_it_looks_for() -> None:
    assert FORBIDDEN["a package registry's host"].search("see https://files.python" + "hosted.org/x")
    assert FORBIDDEN["an index option"].search("pip install --index-" + "url x")
    assert FORBIDDEN["a machine path"].search("open('/ro" + "ot/x')")


@pytest.mark.parametrize("package", ["node", "coordinator", "protos", "frameworks", "deploy"])
def test_each_room_is_installed_by_newlyn_alone(package: str) -> None:
    assert set(packages_distributions()[package]) == {"newlyn"}


def test_no_source_file_has_outgrown_its_room() -> None:
    sizes = {
        name: text.count("\n")
        for name, text in tracked_texts().items()
        if name.endswith((".py", ".toml")) and "_pb2" not in name
    }
    assert {name: lines for name, lines in sizes.items() if lines > 800} == {}


@pytest.mark.parametrize("role", ["node", "coordinator", "dev"])
def test_every_line_of_a_lock_is_pinned_with_hashes(role: str) -> None:
    text = (ROOT / "deploy" / "requirements" / f"{role}.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z0-9][^\s]*==\S+.*$", text, re.M | re.I)
    assert pins
    assert all(pin.rstrip().endswith("\\") for pin in pins)


def test_a_council_never_installs_the_coordinators_libraries() -> None:
    text = (ROOT / "deploy" / "requirements" / "node.txt").read_text(encoding="utf-8").lower()
    assert "sqlalchemy" not in text
    assert "govuk" not in text
