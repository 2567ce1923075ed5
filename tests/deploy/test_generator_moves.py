"""If this fails, no test can tell whether a child in two councils is protected as one child should be."""

from __future__ import annotations

import csv
import random
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import pytest
from lxml import etree

from deploy.demo.generator import Files, choose_councils, council_like_england
from deploy.demo.generator.federation_writer import TRUTH, MovedChild, write_federation
from tests.deploy.plain_figures import CensusCase, british_date, census, rows

YEARS = range(2022, 2026)
COUNCILS = choose_councils(3, random.Random(2))
CODES = [council.la_code for council in COUNCILS]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[MovedChild, ...]]:
    folder = tmp_path_factory.mktemp("federation")
    return folder, write_federation(COUNCILS, folder, YEARS, tuple(Files), scale=0.15, seed=3)


def periods(folder: Path, child: str, column: str, value: str) -> set[date]:
    """The days on which a child's care began (RNE S) or ended (REC E3) by the returns of a council."""
    day = {"RNE": "DECOM", "REC": "DEC"}[column]
    return {
        found
        for year in YEARS
        for row in rows(folder, year, "episodes")
        if row["CHILD"] == child and row[column] == value and (found := british_date(row[day]))
    }


def cases(folder: Path, children: set[str]) -> dict[str, list[CensusCase]]:
    """All cases of some children in all censuses of a council."""
    found: dict[str, list[CensusCase]] = {child: [] for child in children}
    for year in YEARS:
        for child in census(folder, year):
            if child.child_id in children:
                found[child.child_id] += child.cases
    return found


def pupil_numbers(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for year in YEARS:
        document = etree.parse(str(folder / str(year) / f"CIN_census_{year}.xml"))
        for child in document.iterfind("Children/Child/ChildIdentifiers"):
            if child.findtext("UPN"):
                found[child.findtext("LAchildID") or ""] = child.findtext("UPN") or ""
    return found


def test_some_children_of_each_kind_move(made: tuple[Path, tuple[MovedChild, ...]]) -> None:
    _, moved = made
    assert sum(child.looked_after for child in moved) > 20
    assert sum(not child.looked_after for child in moved) > 20
    assert {child.from_council for child in moved} == {child.to_council for child in moved} == set(CODES)
    assert len({child.upn for child in moved}) == len(moved)
    assert all(child.from_child != child.to_child for child in moved)


def test_care_that_one_council_hands_over_begins_in_the_other_on_that_day(
    made: tuple[Path, tuple[MovedChild, ...]],
) -> None:
    folder, moved = made
    for child in moved:
        if child.looked_after:
            day = date.fromisoformat(child.day)
            assert day in periods(folder / child.from_council, child.from_child, "REC", "E3")
            assert day in periods(folder / child.to_council, child.to_child, "RNE", "S")


def test_a_case_that_one_council_closes_as_transferred_is_referred_to_the_other(
    made: tuple[Path, tuple[MovedChild, ...]],
) -> None:
    folder, moved = made
    for code in CODES:
        left = cases(folder / code, {child.from_child for child in moved if child.from_council == code})
        arrived = cases(folder / code, {child.to_child for child in moved if child.to_council == code})
        for child in moved:
            day = date.fromisoformat(child.day)
            if child.from_council == code:
                assert (day, "RC5") in [(case.closure, case.reason) for case in left[child.from_child]]
            if child.to_council == code:
                first = min(case.referral for case in arrived[child.to_child])
                assert day <= first <= day + timedelta(days=2)


def test_a_moved_child_has_one_pupil_number_in_both_councils(made: tuple[Path, tuple[MovedChild, ...]]) -> None:
    folder, moved = made
    numbers = {code: pupil_numbers(folder / code) for code in CODES}
    both = 0
    for child in moved:
        here, there = (
            numbers[child.from_council].get(child.from_child),
            numbers[child.to_council].get(child.to_child),
        )
        assert {here, there} <= {child.upn, None}, "None of a child under school age"
        both += here == there == child.upn
    assert both > len(moved) / 2


def test_pupil_numbers_are_shared_by_moved_children_alone(made: tuple[Path, tuple[MovedChild, ...]]) -> None:
    folder, moved = made
    seen: dict[str, str] = {}
    shared = set()
    for code in CODES:
        for upn in set(pupil_numbers(folder / code).values()):
            if seen.setdefault(upn, code) != code:
                shared.add(upn)
    assert shared
    assert shared <= {child.upn for child in moved}


def test_who_moved_is_written_outside_the_returns(made: tuple[Path, tuple[MovedChild, ...]]) -> None:
    folder, moved = made
    assert {path.name for path in folder.iterdir()} == {TRUTH, *CODES}
    with (folder / TRUTH).open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert written == [
        {name: str(int(value) if name == "looked_after" else value) for name, value in asdict(child).items()}
        for child in moved
    ]


def test_the_same_seed_moves_the_same_children_however_many_work(tmp_path: Path) -> None:
    councils = COUNCILS[:2]
    alone = write_federation(councils, tmp_path / "one", [2025], scale=0.03, seed=4)
    together = write_federation(councils, tmp_path / "two", [2025], scale=0.03, seed=4, workers=2)
    assert alone == together
    for path in (tmp_path / "one").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_nobody_moves_where_there_is_one_council(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two councils"):
        write_federation([council_like_england(1000)], tmp_path, YEARS)
