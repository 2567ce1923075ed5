"""Two small rounds in full, frozen: a change of any byte of the protocol is a new version of it, with a new label.

`python -m tests.protocol.golden` compares the files with what the slow model gives; with `--write` it writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.protocol.model.description import Description, describe
from tests.protocol.model.rounds import Case, play

FOLDER = Path(__file__).parent
CASES = {
    "one_group_32_bits.json": Case(
        "golden: one group",
        {"E92000001": ["X00000001", "X00000002", "X00000003", "X00000004", "X00000005"]},
        absent_at_report=frozenset({"X00000003"}),
    ),
    "two_groups_64_bits.json": Case(
        "golden: two groups",
        {"E12000001": ["X00000001", "X00000004", "X00000006"], "E12000002": ["X00000002", "X00000003", "X00000005"]},
        length=3,
        width=64,
        abs_bound=2**33,
        absent_at_join=frozenset({"X00000002"}),
        absent_at_report=frozenset({"X00000004"}),
        absent_at_vote=frozenset({"X00000005"}),
        min_cell=1,
    ),
}


def frozen(name: str) -> Description:
    """What the file of that name holds."""
    content: Description = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return content


def modelled(name: str) -> str:
    """The file of that name as the slow model would write it."""
    return json.dumps(describe(play(CASES[name])), indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Compares, or writes. 1 where a file differs from the model."""
    write = arguments == ["--write"]
    different = 0
    for name in CASES:
        path, content = FOLDER / name, modelled(name)
        if write:
            path.write_text(content, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != content:
            different = 1
            print(f"{name} differs from the model")
    return different
