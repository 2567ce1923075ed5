"""The random returns reach every clause of the definitions: no clause of the oracle can be changed unnoticed.

If this failed, the comparison of the node with the oracle would say nothing of the clause that was changed here: the
two might differ on it, and a council would be the first to find out.
"""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import oracle
from tests.node.oracle_comparison import CHILDREN, SEEDS, council_of
from tests.oracle.measure import measure
from tests.oracle.random_permanence import OWN_AREAS
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
    ("csv_files", "ROUND_HALF_UP", "ROUND_HALF_EVEN"),
    ("csv_files", "ROUND_HALF_UP)) if low <= number <= high", "ROUND_HALF_UP)) if low <= number"),
    ("csv_files", "number is not None and low <= number <= high", "number is not None and low <= number"),
    ("figures", "(PERCENT, RATIO)", "(PERCENT,)"),
    ("figures", " / kind.parts", ""),
    ("looked_after", "_band(found) < _band(earlier)", "_band(found) <= _band(earlier)"),
    ("looked_after", "found - earlier", "earlier - found"),
    ("looked_after", 'row["ACTIV"] in {"0", ""} and ', ""),
    ("looked_after", ' and row["ACCOM"] in {"0", ""}', ""),
    ("looked_after", 'leavers[child]["IN_TOUCH"] == "NO" and ', ""),
    (
        "looked_after",
        "for child in self._aged(leavers, range(19, 22))",
        "for child in self._aged(leavers, range(18, 22))",
    ),
    ("looked_after", "range(18, 21)", "range(18, 20)"),
    ("looked_after", "last.end == add_months(born, 12 * 18)", "last.end >= add_months(born, 12 * 18)"),
    ("looked_after", "\n                and last.place.code in FOSTER", ""),
    ("looked_after", '.startswith("Z")', ' == "Z1"'),
    ("looked_after_returns", "day if day is not None and day <= year.end else None", "day"),
    ("looked_after_returns", "(decision.child, decision.start):", "(decision.child, decision.start, decision.end):"),
    ("looked_after_returns", 'row["FOSTER_CARE"] == "1"', 'row["FOSTER_CARE"] != "0"'),
    ("looked_after_returns", 'row["HOME_POST"].replace(" ", "")', 'row["HOME_POST"]'),
    ("permanence", '{"A3", "A4", "A5", "A6"}', '{"A3", "A5"}'),
    ("permanence", '{"A3", "A4", "A5", "A6"}', '{"A4", "A6"}'),
    ("permanence", '{"E11", "E12"}', '{"E12"}'),
    (
        "permanence",
        "self.stay.place_now not in WITH_ADOPTERS",
        "not WITH_ADOPTERS & {episode.place.code for episode in self.stay.episodes}",
    ),
    ("permanence", "return min(", "return max("),
    ("permanence", "if self.moved_in and self.stay and self.papers.by_foster_carer", "if self.moved_in and self.stay"),
    ("permanence", "papers[-1] if", "papers[0] if"),
    ("permanence", "min(orders", "max(orders"),
    ("permanence", '== "E1"', 'in {"E1", "D1"}'),
    ("permanence", "            period[0].start", "            period[-1].start"),
    ("permanence", "stays[-1] if", "stays[0] if"),
    ("permanence", "same_carer=True", "same_carer=False"),
    ("permanence", "self._adopted(3)", "self._adopted(2)"),
    ("permanence", "and first <= episode.end", "and first < episode.end"),
    ("permanence", "min(matched, came) if", "came if"),
    ("permanence", "min(matched, came) if", "matched if"),
    ("permanence", "max(0, (reached - ordered).days)", "(reached - ordered).days"),
    ("permanence", "road.moved_in < add_months(road.entry, 14)", "road.moved_in <= add_months(road.entry, 14)"),
    ("permanence", "self.year.end) < add_months(road.entry, 14)", "self.year.end) <= add_months(road.entry, 14)"),
    ("permanence", "(road.moved_in or self.year.end)", "self.year.end"),
    ("permanence", "if self.year.open_at_end(row.start, row.end)", "if self.year.active(row.start, row.end)"),
    ("distance", "32_186_880", "32_187_000"),
    ("distance", "32_186_880", "32_185_999"),
    ("distance", "(halves + 1) // 2", "halves // 2"),
    ("distance", " and child in outside", ""),
    ("distance", "spot.area and ", ""),
    ("distance", ' and not row["OSLAUA"].startswith("N")', ""),
    ("distance", "1_300_000", "1_400_000"),
    ("distance", "for row in rows:", "for row in list(rows)[::-1]:"),
    ("feedback", 'row["RESPONDED"] in {"0", "1"}', 'row["RESPONDED"]'),
    ("feedback", 'if row["RESPONDENT"] and _form', "if _form"),
    ("feedback", "if all(row[column] for column in _ANSWERED):", 'if row["RESPONDENT"]:'),
    ("feedback", "if all(row[column] for column in _ANSWERED):", 'if row["ANSWER"]:'),
    ("feedback", " and answer not in NO_OPINION", ""),
    (
        "feedback",
        'self.responded[row["RESPONDENT"], _form(row)] = row["RESPONDED"] == "1"',
        'self.responded.setdefault((row["RESPONDENT"], _form(row)), row["RESPONDED"] == "1")',
    ),
    (
        "feedback",
        'self.answers[row["RESPONDENT"], _form(row), row["QUESTION"].lower()] = row["ANSWER"].lower()',
        'self.answers.setdefault((row["RESPONDENT"], _form(row), row["QUESTION"].lower()), row["ANSWER"].lower())',
    ),
    ("feedback", "answer in FORMS.get(form, {}).get(question, set())", "question in FORMS.get(form, {})"),
    ("feedback", '{"all_or_most"}', '{"all_or_most", "sometimes"}'),
    ("feedback", '{"a_lot", "a_bit"}}', '{"a_lot"}}'),
    ("feedback", '{"much_better", "bit_better"}}', '{"much_better"}}'),
    ("feedback", "SCALE[:5]", "SCALE[:6]"),
    ("feedback", "SCALE[9:]", "SCALE[8:]"),
    ("families", "held_until <= year.end", "outcome <= year.end"),
    ("families", "lapsed >= held_until", "lapsed > held_until"),
    ("families", "add_months(outcome, 6)", "add_months(outcome, 5)"),
    ("families", ">= 3", ">= 2"),
    ("families", ">= 3", "> 3"),
    ("families", "if year.has(day)", "if day is not None and day <= year.end"),
    ("families", "1, 10)", "0, 10)"),
    ("families", "1, 10)", "1, 11)"),
    (
        "families",
        'needs[row["FAMILY_ID"]][need] = ',
        'needs[row["FAMILY_ID"]][need] = needs[row["FAMILY_ID"]].get(need) or ',
    ),
    ("education", "[A-HJ-NP-RT-Z]", "[A-Z]"),
    ("education", "found and len(set(found[1])) > 1", "found"),
    ("education", "day is not None and day <= year.end\n", "day is not None\n"),
    ("education", " and missed <= possible", ""),
    ("education", "min(number, found.get(child, number))", "max(number, found.get(child, number))"),
    ("education", "for yearly in (need, care)", "for yearly in (care, need)"),
    ("education", "(self.need, self.care):\n            for", "(self.care, self.need):\n            for"),
    ("education", "latest |= known", "latest = known | latest"),
    ("education", "self.numbers.get(child.upper()", "self.numbers.get(child"),
    (
        "education",
        'return self.pupil(child) if child else pupil_number(row["UPN"])',
        'return pupil_number(row["UPN"]) or self.pupil(child)',
    ),
    (
        "education",
        "            last.pop(key, None)\n            last[key] = row",
        "            last.setdefault(key, row)",
    ),
    ("education", ' if said.sex() != "unknown" else before.sex_code', ""),
    ("education", "said.born or before.born", "before.born or said.born"),
    ("education", ' if said.ethnicity() != "unknown" else before.ethnicity_code', ""),
    ("education", "if not episode.short_term and year.open_at_end", "if year.open_at_end"),
    ("education", "if case.of_need and ", "if "),
    ("education", "in_need - on_plan - open_now", "in_need - on_plan"),
    ("education", "in_need - on_plan - open_now", "in_need - open_now"),
    ("education", '"cppo": on_plan - open_now', '"cppo": on_plan'),
    ("education", "            episode.short_term\n            or ", "            "),
    ("education", "self.year.start < episode.start <=", "self.year.start <= episode.start <="),
    ("education", "<= episode.end < self.year.end", "<= episode.end <= self.year.end"),
    ("education", "suspended[pupil] > 0", "suspended[pupil] > 1"),
    ("education", "excluded[pupil] > 0", "excluded[pupil] > 1"),
    ("education", '{"E", "EHCP"}', '{"E"}'),
    ("education", '{"K", "SUPPORT"}', '{"K"}'),
    ("education", '["FREE_SCHOOL_MEALS"] == "1"', '["FREE_SCHOOL_MEALS"] != "0"'),
    ("education", "8, 31)", "9, 1)"),
    ("education", "range(5, 16)", "range(4, 16)"),
    ("education", "range(5, 16)", "range(5, 17)"),
    ("education", "sessions > 0", "sessions >= 0"),
    ("education", "share >= possible", "share > possible"),
    ("education", "sums[self._of_row(row)] += int(row[column])", "sums[self._of_row(row)] = int(row[column])"),
    ("education", 'row["EXPECTED"] == "1"', 'row["EXPECTED"] != "0"'),
    ("education", '"ATTAINMENT8", 10, 0, 90', '"ATTAINMENT8", 10, 1, 90'),
    ("education", '"PROGRESS8", 100, -10, 10', '"PROGRESS8", 100, -9, 10'),
    ("education", "return min(GRADES", "return max(GRADES"),
    ("education", "if pupil in looked_after]", "]"),
    ("education", "date.max) <= day", "date.max) < day"),
    ("education", "not in {8, 9}", "not in {8}"),
    ("education", "not in {8, 9}", "not in {9}"),
    ("education", "Year(self.year.number - 1).start, known", "Year(self.year.number - 1).start, now"),
    ("education", "if not episode.short_term and episode.start <=", "if episode.start <="),
    ("education", "(episode.end or start) >= start", "(episode.end or start) > start"),
    ("education", "day = max(episode.start, start)", "day = episode.start"),
    ("education", "min(day, first.get(pupil, day))", "max(day, first.get(pupil, day))"),
]

Figures = dict[str, dict[str, Any]]
Measure = Callable[[Path, int, frozenset[str]], Figures]


@pytest.fixture(scope="module")
def councils(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, int, Figures]]:
    """Returns of some councils, their year and their true figures; first a small one, which most mutants fail on."""
    made = []
    for seed, children in ((SEEDS[0], CHILDREN // 4), *((seed, CHILDREN) for seed in SEEDS)):
        council = council_of(seed, children)
        folder = tmp_path_factory.mktemp("returns")
        write_returns(council, folder)
        made.append((folder, council.year, measure(folder, council.year, OWN_AREAS)))
    return made


@pytest.fixture(scope="module")
def mutant_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An importable copy of the oracle, called `mutant_oracle`."""
    parent = tmp_path_factory.mktemp("mutants")
    folder = parent / "mutant_oracle"
    shutil.copytree(oracle.__path__[0], folder, ignore=shutil.ignore_patterns("__pycache__", "random_*"))
    for file in folder.glob("*.py"):
        file.write_text(file.read_text().replace("tests.oracle", "mutant_oracle"))
    sys.path.insert(0, str(parent))
    yield folder
    sys.path.remove(str(parent))


@pytest.fixture
def mutate(mutant_folder: Path) -> Iterator[Callable[[str, str, str], Measure]]:
    """Changes a clause of one file of the copy; gives what the changed oracle measures with. Undone afterwards."""
    original: dict[Path, str] = {}

    def change(file: str, clause: str, changed: str) -> Measure:
        path = mutant_folder / f"{file}.py"
        original[path] = path.read_text()
        assert clause in original[path]
        path.write_text(original[path].replace(clause, changed))
        forget(path)
        measured: Measure = importlib.import_module("mutant_oracle.measure").measure
        return measured

    def forget(path: Path) -> None:
        # Compiled files are told apart by size and second of change alone.
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()
        importlib.invalidate_caches()

    yield change
    for path, text in original.items():
        path.write_text(text)
        forget(path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "mutant_oracle"]:
        del sys.modules[name]


@pytest.mark.parametrize(("file", "clause", "changed"), MUTANTS)
def test_a_changed_clause_changes_a_figure(
    mutate: Callable[[str, str, str], Measure],
    councils: list[tuple[Path, int, Figures]],
    file: str,
    clause: str,
    changed: str,
) -> None:
    mutant = mutate(file, clause, changed)
    assert any(mutant(folder, year, OWN_AREAS) != figures for folder, year, figures in councils)


def test_an_unchanged_copy_measures_the_same(
    mutate: Callable[[str, str, str], Measure], councils: list[tuple[Path, int, Figures]]
) -> None:
    copy = mutate("dates", "first < second <", "first < second <")
    assert all(copy(folder, year, OWN_AREAS) == figures for folder, year, figures in councils)
