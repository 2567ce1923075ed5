"""If this fails, the made-up councils are not fit to stand in for real ones: their histories contradict themselves,
their files are not the returns they claim to be, or they could be mistaken for records of real children."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from deploy.demo.generator import all_councils, council_like_england, write_returns
from deploy.demo.generator.ssda903_writer import COLUMNS
from tests.deploy.plain_figures import CensusChild, Row, british_date, census, rows

YEARS = range(2022, 2026)
XSD_FOLDER = Path(__file__).resolve().parents[2] / "node" / "sources" / "xsd"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("returns")
    write_returns(council_like_england(25_000), made, YEARS, seed=11)
    return made


def all_rows(folder: Path, kind: str) -> Iterator[tuple[int, Row]]:
    for year in YEARS:
        for row in rows(folder, year, kind):
            yield year, row


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_children(tmp_path: Path) -> None:
    council = all_councils()[40]
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        write_returns(council, tmp_path / name, YEARS, scale=0.02, seed=seed)
    assert digest(tmp_path / "one") == digest(tmp_path / "same")
    assert digest(tmp_path / "one") != digest(tmp_path / "other")


def test_every_council_can_be_made_at_the_smallest_scale(tmp_path: Path) -> None:
    for council in all_councils():
        write_returns(council, tmp_path / council.la_code, [2025], scale=0.01, seed=1)
    assert len(list(tmp_path.glob("*/2025/CIN_census_2025.xml"))) == 153


def test_years_must_follow_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="follow"):
        write_returns(council_like_england(100), tmp_path, [2022, 2024])


def test_the_number_of_children_can_be_asked_for(tmp_path: Path) -> None:
    council = council_like_england(80_000).scaled_to(looked_after=600, in_need=2500)
    write_returns(council, tmp_path, [2024, 2025], seed=3)
    looked_after = {row["CHILD"] for row in rows(tmp_path, 2025, "episodes")}
    assert 500 < len(looked_after) < 720
    assert 2000 < len(list(census(tmp_path, 2025))) < 3000


@pytest.mark.parametrize("year", YEARS)
def test_files_have_the_exact_columns_of_their_year(folder: Path, year: int) -> None:
    found = {path.name for path in (folder / str(year)).iterdir()}
    expected = {f"SSDA903_{year}_{kind}.csv" for kind in COLUMNS} | {f"CIN_census_{year}.xml"}
    if year < 2024:
        expected.remove(f"SSDA903_{year}_social_worker.csv")
    assert found == expected
    for path in (folder / str(year)).glob("*.csv"):
        kind = path.stem.removeprefix(f"SSDA903_{year}_")
        first, *others = path.read_text(encoding="utf-8").splitlines()
        assert first == COLUMNS[kind]
        assert others, f"{kind} is empty"
        assert {line.count(",") for line in others} == {first.count(",")}


def test_codes_are_those_of_the_year(folder: Path) -> None:
    for year in YEARS:
        assert {row["SEX"] for row in rows(folder, year, "header")} == ({"M", "F"} if year >= 2025 else {"1", "2"})
        places = {row["PLACE"] for row in rows(folder, year, "episodes")}
        assert ("K3" in places, "H5" in places) == (year >= 2025, year < 2025)
        text = (folder / str(year) / f"CIN_census_{year}.xml").read_text(encoding="utf-8")
        assert ("<Sex>" in text, "<GenderCurrent>" in text) == (year >= 2025, year < 2025)
        assert ("RC9" in text) == (year >= 2023)


@pytest.mark.parametrize("year", YEARS)
def test_the_census_is_valid_against_the_schema_of_its_year(folder: Path, year: int) -> None:
    [schema] = XSD_FOLDER.glob(f"*{year}.xsd")
    document = etree.parse(str(folder / str(year) / f"CIN_census_{year}.xml"))
    validator = etree.XMLSchema(etree.parse(str(schema)))
    assert validator.validate(document), str(validator.error_log)


def test_nothing_could_be_a_real_child(folder: Path) -> None:
    postcodes = {row[column] for _, row in all_rows(folder, "episodes") for column in ("HOME_POST", "PL_POST")} - {""}
    assert postcodes
    assert all(re.fullmatch(r"ZZ[0-9]{1,2} [0-9][A-Z]{2}", postcode) for postcode in postcodes)
    upns = {row["UPN"] for _, row in all_rows(folder, "header")}
    assert all(upn in ("UN1", "UN2") or re.fullmatch(r"Z000[0-9]{9}", upn) for upn in upns)
    text = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.*"))
    assert "@" not in text
    assert "name" not in text.lower()


def test_a_child_has_one_header_a_year_and_stays_the_same(folder: Path) -> None:
    seen: dict[str, tuple[str, ...]] = {}
    for year in YEARS:
        header = rows(folder, year, "header")
        assert len({row["CHILD"] for row in header}) == len(header)
        for row in header:
            sex = {"1": "M", "2": "F"}.get(row["SEX"], row["SEX"])
            assert seen.setdefault(row["CHILD"], (sex, row["DOB"], row["ETHNIC"])) == (sex, row["DOB"], row["ETHNIC"])
        known = {row["CHILD"] for row in header}
        for kind in COLUMNS:
            assert {row["CHILD"] for row in rows(folder, year, kind)} <= known


def test_episodes_of_a_year_are_an_unbroken_chain_inside_childhood(folder: Path) -> None:
    births = {row["CHILD"]: british_date(row["DOB"]) for _, row in all_rows(folder, "header")}
    for year in YEARS:
        first, last = date(year - 1, 4, 1), date(year, 3, 31)
        chains: dict[str, list[Row]] = defaultdict(list)
        for row in rows(folder, year, "episodes"):
            chains[row["CHILD"]].append(row)
        for child, chain in chains.items():
            before: Row | None = None
            for row in chain:
                start, end = british_date(row["DECOM"]), british_date(row["DEC"])
                born = births[child]
                assert start is not None and born is not None
                assert born <= start <= last
                assert end is None or (start < end <= last and first <= end)
                assert (end is None) == (row["REC"] == "")
                assert end is None or (end - born).days <= 18 * 366
                if before is not None:
                    check_follows(before, row)
                before = row


def check_follows(before: Row, row: Row) -> None:
    """A row follows another of the child: at once and for the reason its code names, or in a new period of care."""
    if before["REC"] != "X1":
        assert row["RNE"] == "S"
        assert (british_date(before["DEC"]) or date.max) <= (british_date(row["DECOM"]) or date.min)
        return
    assert row["DECOM"] == before["DEC"]
    same_status = row["LS"] == before["LS"]
    place, place_before = ((each["PLACE"], each["URN"], each["PL_POST"]) for each in (row, before))
    match row["RNE"]:
        case "L":
            assert not same_status and place == place_before
        case "P" | "T":
            assert same_status and place != place_before
        case "B" | "U":
            assert not same_status and place != place_before
        case _:
            pytest.fail(f"{row['RNE']} continues a period of care")
    if row["RNE"] in ("T", "U"):
        assert row["PLACE"][0] in "UA" and before["PLACE"][0] == "U"
    assert (before["REASON_PLACE_CHANGE"] != "") == (row["RNE"] != "L")


def test_an_open_episode_reappears_next_year_as_it_was(folder: Path) -> None:
    for year in list(YEARS)[1:]:
        following = {(row["CHILD"], row["DECOM"]): row for row in rows(folder, year, "episodes")}
        still_open = [row for row in rows(folder, year - 1, "episodes") if not row["DEC"]]
        assert still_open
        for row in still_open:
            again = following[row["CHILD"], row["DECOM"]]
            assert (row["RNE"], row["LS"], row["PL_POST"]) == (again["RNE"], again["LS"], again["PL_POST"])


def test_every_start_end_and_kind_of_move_occurs(folder: Path) -> None:
    episodes = [row for _, row in all_rows(folder, "episodes")]
    assert {row["RNE"] for row in episodes} == {"S", "L", "P", "T", "B", "U"}
    ends = {row["REC"] for row in episodes}
    assert {"X1", "E11", "E12", "E3", "E4A", "E4B", "E41", "E45", "E46", "E5", "E17"} <= ends
    assert {"V3", "V4", "C1", "C2", "V2", "E1"} <= {row["LS"] for row in episodes}
    assert {"A5", "A6", "T1", "T3", "T4", "K2", "U1", "P1"} <= {row["PLACE"] for row in episodes}


def test_checks_are_returned_exactly_for_children_looked_after_all_year(folder: Path) -> None:
    for year in YEARS:
        first, last = date(year - 1, 4, 1), date(year, 3, 31)
        cohort: dict[str, bool] = defaultdict(lambda: True)
        for row in rows(folder, year, "episodes"):
            start, end = british_date(row["DECOM"]) or date.min, british_date(row["DEC"])
            began = row["RNE"] == "S" and first < start <= last
            ceased = row["REC"] not in ("", "X1") and end is not None and first <= end < last
            cohort[row["CHILD"]] &= not began and not ceased and row["LS"] not in ("V3", "V4")
        assert {child for child, inside in cohort.items() if inside} == {
            row["CHILD"] for row in rows(folder, year, "oc2")
        }


def test_scores_stay_in_range_and_resemble_last_years(folder: Path) -> None:
    scores: dict[int, dict[str, int]] = {
        year: {row["CHILD"]: int(row["SDQ_SCORE"]) for row in rows(folder, year, "oc2") if row["SDQ_SCORE"]}
        for year in YEARS
    }
    assert all(0 <= score <= 40 for found in scores.values() for score in found.values())
    both = [(scores[2024][child], scores[2025][child]) for child in scores[2024].keys() & scores[2025].keys()]
    changes = [abs(after - before) for before, after in both]
    apart = [abs(a - b) for (a, _), (_, b) in pairwise(both)]
    assert sum(changes) / len(changes) < 0.75 * sum(apart) / len(apart)


def test_incidents_and_allocations_lie_in_order_and_in_the_year(folder: Path) -> None:
    for kind, begin, finish in (("missing", "MIS_START", "MIS_END"), ("social_worker", "SW_DECOM", "SW_DEC")):
        for year, row in all_rows(folder, kind):
            start, end = british_date(row[begin]), british_date(row[finish])
            assert start is not None and start <= date(year, 3, 31)
            assert end is None or (start <= end and date(year - 1, 4, 1) <= end <= date(year, 3, 31))


def test_care_leavers_are_17_to_21_and_no_longer_looked_after(folder: Path) -> None:
    for year in YEARS:
        last = date(year, 3, 31)
        looked_after = {row["CHILD"] for row in rows(folder, year, "episodes") if not row["DEC"]}
        leavers = rows(folder, year, "oc3")
        assert leavers
        for row in leavers:
            born = british_date(row["DOB"])
            assert born is not None
            assert 17 <= last.year - born.year - ((last.month, last.day) < (born.month, born.day)) <= 21
            assert row["CHILD"] not in looked_after


def children(folder: Path) -> Iterator[tuple[int, CensusChild]]:
    for year in YEARS:
        for child in census(folder, year):
            yield year, child


def test_what_a_case_holds_lies_within_the_case_and_the_year(folder: Path) -> None:
    for year, child in children(folder):
        first, last = date(year - 1, 4, 1), date(year, 3, 31)
        assert (child.born is None) != (child.expected is None)
        assert child.expected is None or child.expected > last
        for case in child.cases:
            end = case.closure or last
            assert case.referral <= end <= last
            assert case.closure is None or case.closure >= first
            assert (case.closure is None) == (case.reason == "")
            held = [*case.assessments, *case.enquiries, *((start, stop) for start, stop, _, _ in case.plans)]
            assert not (case.no_further_action and held)
            for start, stop in held:
                assert case.referral <= start <= (stop or end) <= end
            for start, stop, _, reviews in case.plans:
                assert stop is None or stop >= first
                assert all(start < review <= (stop or last) for review in reviews)
                assert sum(review < first for review in reviews) <= 1
            assert all(stop is None or stop >= first for _, stop in case.assessments)


def test_cases_of_a_child_follow_each_other_and_repeat_plans_are_counted(folder: Path) -> None:
    history: dict[str, dict[date, tuple[date | None, int]]] = defaultdict(dict)
    for _, child in children(folder):
        for before, after in pairwise(child.cases):
            assert before.no_further_action or (before.closure is not None and before.closure < after.referral)
        for case in child.cases:
            for start, stop, earlier, _ in case.plans:
                history[child.child_id][start] = (stop, earlier)
    repeats = 0
    for plans in history.values():
        ordered = [(start, *plans[start]) for start in sorted(plans)]
        for (_, stop, count), (later, _, counted) in pairwise(ordered):
            assert stop is not None and stop <= later
            assert counted > count
            repeats += 1
    assert repeats > 0


def test_some_children_are_referred_before_they_are_born(folder: Path) -> None:
    unborn = {child.child_id: child.expected for _, child in children(folder) if child.expected}
    born = {child.child_id: child.born for _, child in children(folder) if child.born}
    known_later = unborn.keys() & born.keys()
    assert known_later
    assert all(unborn[child] == born[child] for child in known_later)


def test_looked_after_children_are_in_the_census_under_the_same_number(folder: Path) -> None:
    for year in YEARS:
        in_need = {child.child_id for child in census(folder, year)}
        assert {row["CHILD"] for row in rows(folder, year, "episodes")} <= in_need
