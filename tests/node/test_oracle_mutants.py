"""The random returns reach every clause of the definitions: no clause of the oracle can be changed unnoticed.

If this failed, the comparison of the node with the oracle would say nothing of the clause that was changed here: the
two might differ on it, and a council would be the first to find out.
"""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import oracle
from tests.node.oracle_comparison import CHILDREN, SEEDS, council_of
from tests.oracle.measure import measure
from tests.oracle.random_returns import write_returns

# File, a clause as it stands, the clause changed.
MUTANTS = [
    ("dates", "first < second <", "first <= second <"),
    ("dates", "second < add_months(first", "second <= add_months(first"),
    ("dates", "end is None or end > self.end", "end is None or end >= self.end"),
    ("dates", "end is None or end >= self.start", "end is None or end > self.start"),
    ("dates", "self.start <= day <= self.end", "self.start < day <= self.end"),
    ("dates", "self.start <= day <= self.end", "self.start <= day < self.end"),
    ("dates", "day = first + timedelta(days=1)\n    while", "day = first\n    while"),
    ("dates", " and day not in bank_holidays(day.year)", ""),
    ("dates", ">= (born.month, born.day)", "> (born.month, born.day)"),
    ("figures", '"AIND APKN ABAN AOTH CHNE"', '"AIND APKN ABAN AOTH"'),
    ("figures", '"2": "female"', '"2": "unknown"'),
    ("census", "not self.not_taken_further and ", ""),
    ("census", '{"RC8", "RC9"}', '{"RC8"}'),
    (
        "census",
        "latest[episode.child, episode.referred] = year",
        "latest.setdefault((episode.child, episode.referred), year)",
    ),
    ("census", "known |= self.returns[year].plans()", "known = self.returns[year].plans() | known"),
    (
        "census",
        "for episode in self.episodes for plan in episode.plans",
        "for episode in self.episodes[::-1] for plan in episode.plans[::-1]",
    ),
    ("census", '.lower() in {"1", "true"}', '.lower() in {"1"}'),
    ("children_in_need", "days=729", "days=730"),
    (
        "children_in_need",
        "min(case.referred, earliest_open.get(case.child, date.max))",
        "max(case.referred, earliest_open.get(case.child, date.min))",
    ),
    ("children_in_need", "add_months(referred, 24) <= ", "add_months(referred, 24) < "),
    ("children_in_need", "and case.closed <= self.year.end", ""),
    (
        "children_in_need",
        "= min(case.closed, first.get(case.child, date.max))",
        "= max(case.closed, first.get(case.child, date.min))",
    ),
    ("children_in_need", "add_months(closed, 6) <= start", "add_months(closed, 6) < start"),
    ("children_in_need", "<= 45", "< 45"),
    ("children_in_need", "if self.year.has(assessment.authorised)\n", "if True\n"),
    ("children_in_need", "held.append((case.transfer_conference, case.referred))", "pass"),
    ("children_in_need", "start is None or start > conference", "start is None or start >= conference"),
    ("children_in_need", "working_days(max(before)", "working_days(min(before)"),
    ("children_in_need", "<= 15", "< 15"),
    ("children_in_need", "plan.previous > 0", "plan.previous > 1"),
    ("children_in_need", "add_months(plan.start, 3) <= self.year.end", "add_months(plan.start, 3) < self.year.end"),
    (
        "children_in_need",
        "[day for day in reviews if day < self.year.start]",
        "[day for day in reviews if day <= self.year.start]",
    ),
    ("children_in_need", "(before[-1], 6)", "(before[-1], 3)"),
    ("children_in_need", "(plan.start, 3)", "(plan.start, 6)"),
    ("children_in_need", "review > add_months(anchor, allowed)", "review >= add_months(anchor, allowed)"),
    ("children_in_need", "self.year.end <= add_months(anchor, allowed)", "self.year.end < add_months(anchor, allowed)"),
    ("looked_after_returns", '"K3" if row["PLACE"] == "H5" else row["PLACE"]', 'row["PLACE"]'),
    ("looked_after_returns", '.replace(" ", "")', ""),
    (
        "looked_after_returns",
        "kept[episode.child, start, episode.zero_days] = episode",
        "kept.setdefault((episode.child, start, episode.zero_days), episode)",
    ),
    (
        "looked_after_returns",
        "kept[episode.child, start, episode.zero_days] = episode",
        "kept[episode.child, start, True] = episode",
    ),
    ("looked_after_returns", 'end=after.start, end_reason="X1"', 'end=after.start, end_reason="E8"'),
    (
        "looked_after_returns",
        "latest[episode.child, episode.start] = year",
        "latest.setdefault((episode.child, episode.start), year)",
    ),
    ("looked_after_returns", "other.start <= between", "other.start < between"),
    ("looked_after_returns", 'end=between, end_reason=""', 'end=between, end_reason="E8"'),
    ("looked_after_returns", 'first.start_reason == "S" or ', ""),
    ("looked_after_returns", "first.start <= episode.start or same", "same"),
    ("looked_after_returns", "first.start <= episode.start or same", "first.start <= episode.start"),
    ("looked_after_returns", 'end=first.start, end_reason="X1"', 'end=between, end_reason="X1"'),
    ("care", " if not episode.short_term", ""),
    ("care", 'episode.start_reason == "S" or ', ""),
    ("care", " or periods[-1][-1].ends_care", ""),
    ("care", "episode.place.code in TEMPORARY or ", ""),
    ("care", " or episode.zero_days", ""),
    ("care", '{"A3", "A5"}', "set()"),
    ("care", '{"A3", "A5"}', '{"A3", "A4", "A5", "A6"}'),
    ("care", ' and before.place.code.startswith("U")', ""),
    ("care", 'if same_carer and reason in {"T", "U"}', "if False"),
    ("care", "    if after_skipped:\n        return moved\n", ""),
    ("care", 'reason in {"T", "U"} and moved', 'reason in {"T", "U"}'),
    ("care", 'reason in {"S", "P", "B"} or', 'reason in {"S", "P", "B", "L"} or'),
    ("looked_after", "text.isascii() and text.isdecimal() and int(text) <= 40", "text.isascii() and text.isdecimal()"),
    ("looked_after", "if episode.short_term or not episode.ends_care", "if not episode.ends_care"),
    (
        "looked_after",
        "(episode.end, episode.start) >= (known.end, known.start)",
        "(episode.end, episode.start) <= (known.end, known.start)",
    ),
    ("looked_after", "row.end > self.year.end", "row.end >= self.year.end"),
    ("looked_after", 'episode.start_reason == "S" and not episode.short_term', 'episode.start_reason == "S"'),
    ("looked_after", "self.year.start < episode.start <=", "self.year.start <= episode.start <="),
    ("looked_after", "<= episode.end < self.year.end", "<= episode.end <= self.year.end"),
    ("looked_after", "            or episode.short_term\n        }", "        }"),
    ("looked_after", "found < earlier", "found <= earlier"),
    ("looked_after", 'and not yes("INTERVENTION_RECEIVED")(child)', ""),
    ("looked_after", "count >= 3", "count >= 2"),
    ("looked_after", "workers[row.child].add(row.kind)", "workers[row.child].add(str(row))"),
    ("looked_after", "add_months(self.year.end, -30)", "add_months(self.year.end, -29)"),
    ("looked_after", "stays[-1].place_now in", "'' in"),
    ("looked_after", "first.start <= day", "first.start < day"),
    ("looked_after", "placement.end >= first", "placement.end > first"),
    ("looked_after", "for period in periods_of_care(episodes)", "for period in periods_of_care(episodes)[-1:]"),
    ("looked_after", 'in {"DIED", "RHOM"}', 'in {"DIED"}'),
    (
        "looked_after",
        "all(episode.short_term for episode in episodes)",
        "any(episode.short_term for episode in episodes)",
    ),
    ("looked_after", "                or transferred(child)\n", ""),
    ("looked_after", "episode.start >= last.end", "episode.start > last.end"),
    ("looked_after", '{"G", "H", "R"}', '{"G", "H"}'),
]

Figures = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def councils(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, int, Figures]]:
    """Returns of some councils, their year and their true figures."""
    made = []
    for seed in SEEDS:
        council = council_of(seed, CHILDREN)
        folder = tmp_path_factory.mktemp("returns")
        write_returns(council, folder)
        made.append((folder, council.year, measure(folder, council.year)))
    return made


@pytest.fixture
def mutant_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An importable copy of the oracle, called `mutant_oracle`."""
    folder = tmp_path / "mutant_oracle"
    shutil.copytree(oracle.__path__[0], folder, ignore=shutil.ignore_patterns("__pycache__", "random_*"))
    for file in folder.glob("*.py"):
        file.write_text(file.read_text().replace("tests.oracle", "mutant_oracle"))
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("mutant_oracle")]:
        del sys.modules[name]


@pytest.mark.parametrize(("file", "clause", "changed"), MUTANTS)
def test_a_changed_clause_changes_a_figure(
    mutant_folder: Path, councils: list[tuple[Path, int, Figures]], file: str, clause: str, changed: str
) -> None:
    path = mutant_folder / f"{file}.py"
    text = path.read_text()
    assert clause in text
    path.write_text(text.replace(clause, changed))
    mutant = importlib.import_module("mutant_oracle.measure").measure
    assert any(mutant(folder, year) != figures for folder, year, figures in councils)
