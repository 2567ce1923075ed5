"""A child who moves from one council to another in the year is counted by as many councils as the plan is priced for.

What happens on 31 March belongs to the council responsible on that day; what happens in a year may be seen by both, and
no council can know (privacy reference 3.4). If this failed, a child in two councils would pay more than anybody says.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from frameworks.catalogue import load_framework
from frameworks.model import Framework, Indicator, Kind
from node.measure import Figure
from node.returns import measure_returns
from tests.node.census_xml import assessment, details, message, plan, section_47
from tests.node.census_xml import child as census_child
from tests.node.ssda903_csv import EPISODES, HEADER, MISSING, OC2, OC3, UASC, csv_text, episode, write_returns

YEAR = 2025
FRAMEWORK = load_framework("outcomes-2019")
UPN = "A000111122223"
_ATTENDANCE = "UPN,CHILD_ID,SESSIONS_POSSIBLE,SESSIONS_MISSED"

CASES = (
    (date(2024, 4, 1), "15/06/2012"),
    (date(2024, 4, 2), "10/12/2005"),
    (date(2024, 9, 30), "15/06/2012"),
    (date(2024, 9, 30), "01/09/2020"),
    (date(2025, 3, 30), "10/12/2007"),
    (date(2025, 3, 31), "15/06/2012"),
    (date(2025, 3, 31), "10/12/2007"),
)
"""Days of the move and dates of birth, the first and the last day of the year among them."""

BEFORE = date(2022, 6, 1)


def _uk(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _looked_after(child_id: str, born: str, rows: list[str]) -> dict[str, str]:
    return {
        "header.csv": csv_text(HEADER, f"{child_id},2,{born},WBRI,{UPN},,"),
        "episodes.csv": csv_text(EPISODES, *rows),
        "oc2.csv": csv_text(OC2, f"{child_id},{born},17,,1,1,1,1,1,1,1,0"),
        "oc3.csv": csv_text(OC3, f"{child_id},{born},YES,F1,B1"),
        "missing.csv": csv_text(MISSING, f"{child_id},{born},M,01/05/2024,02/05/2024"),
        "uasc.csv": csv_text(UASC, f"{child_id},2,{born},"),
        "attendance.csv": csv_text(_ATTENDANCE, f"{UPN},{child_id},300,60"),
    }


def _first_council(folder: Path, move: date, born: str) -> Path:
    """The child is looked after, in need and on a plan until the day of the move."""
    until = details(
        f"{BEFORE}",
        assessment("2024-04-02", "2024-05-01", ("3A",)),
        section_47("2024-04-02", "2024-04-12"),
        plan(f"{BEFORE}", f"{move}"),
        more=f"<CINclosureDate>{move}</CINclosureDate><ReasonForClosure>RC5</ReasonForClosure>",
    )
    earlier = {
        "header.csv": csv_text(HEADER, f"A1,2,{born},WBRI,{UPN},,"),
        "episodes.csv": csv_text(EPISODES, episode("A1", _uk(BEFORE))),
        "cin.xml": message(YEAR - 1, census_child("A1", details(f"{BEFORE}", plan(f"{BEFORE}")))),
    }
    files = _looked_after("A1", born, [episode("A1", _uk(BEFORE), _uk(move), rec="E3")])
    files["cin.xml"] = message(YEAR, census_child("A1", until))
    return _written(folder, files, earlier)


def _second_council(folder: Path, move: date, born: str) -> Path:
    """The child begins there on the day of the move, under another id."""
    since = details(
        f"{move}",
        assessment(f"{move}", f"{min(move + timedelta(days=30), date(2025, 3, 31))}", ("3A",)),
        plan(f"{move}"),
    )
    files = _looked_after("B9", born, [episode("B9", _uk(move))])
    files["cin.xml"] = message(YEAR, census_child("B9", since))
    empty = {
        "header.csv": csv_text(HEADER),
        "episodes.csv": csv_text(EPISODES),
        "cin.xml": message(YEAR - 1),
    }
    return _written(folder, files, empty)


def _written(folder: Path, files: dict[str, str], earlier: dict[str, str]) -> Path:
    both = {f"{YEAR}/{name}": text for name, text in files.items()}
    both |= {f"{YEAR - 1}/{name}": text for name, text in earlier.items()}
    both |= {f"{YEAR - 2}/{name}": text for name, text in earlier.items() if name != "cin.xml"}
    return write_returns(folder, dict(both))


def _counted(framework: Framework, indicator: Indicator, figure: Figure) -> int:
    """How many children (events) of a council's one child the indicator's cohort holds."""
    if figure.status != "ok":
        return 0
    size = figure.numerator if indicator.kind is Kind.COUNT else figure.denominator
    if indicator.kind is Kind.RATIO:
        return int(bool(size))
    return size or 0


@pytest.mark.parametrize(("move", "born"), CASES, ids=str)
def test_a_child_in_two_councils_is_counted_by_no_more_of_them_than_the_plan_says(
    tmp_path: Path, move: date, born: str
) -> None:
    first = measure_returns(_first_council(tmp_path / "first", move, born), YEAR, FRAMEWORK)
    second = measure_returns(_second_council(tmp_path / "second", move, born), YEAR, FRAMEWORK)
    for indicator in FRAMEWORK.indicators:
        councils = FRAMEWORK.cohort(indicator.cohort).councils_per_child
        counting = [figures for figures in (first, second) if _counted(FRAMEWORK, indicator, figures[indicator.id]) > 0]
        assert len(counting) <= councils, indicator.id


def test_some_indicators_do_count_the_child_in_both_which_is_why_the_plan_prices_two(tmp_path: Path) -> None:
    move, born = date(2024, 9, 30), "15/06/2012"
    first = measure_returns(_first_council(tmp_path / "first", move, born), YEAR, FRAMEWORK)
    second = measure_returns(_second_council(tmp_path / "second", move, born), YEAR, FRAMEWORK)
    twice = {
        indicator.id
        for indicator in FRAMEWORK.indicators
        if all(_counted(FRAMEWORK, indicator, figures[indicator.id]) for figures in (first, second))
    }
    assert {"cin_any_point", "missing_cla"} <= twice
    assert not twice & {"cla_31_march", "cin_open_31_march", "cpp_open_31_march", "placements_3plus"}
