"""If this fails, education, feedback and family files are about other children than the returns beside them, and no
figure that joins the two means anything."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest

from deploy.demo.generator import (
    Files,
    council_like_england,
    write_education,
    write_families,
    write_feedback,
    write_files,
    write_ssd,
)
from deploy.demo.generator.education_writer import COLUMNS as EDUCATION
from deploy.demo.generator.families_writer import COLUMNS as FAMILIES
from deploy.demo.generator.feedback_writer import COLUMNS as FEEDBACK
from frameworks.feedback_forms import FORMS
from tests.deploy.plain_figures import Row, british_date, census, rows

YEARS = range(2022, 2026)
COUNCIL = council_like_england(20_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("files")
    write_files(COUNCIL, made, YEARS, tuple(Files), seed=5)
    return made


def read(folder: Path, year: int, name: str) -> list[Row]:
    source = name.partition("_")[0]
    with (folder / str(year) / f"{source}_{year}_{name.partition('_')[2]}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def known_children(folder: Path) -> dict[str, date | None]:
    """Every child of any return, with its day of birth."""
    known: dict[str, date | None] = {}
    for year in YEARS:
        known |= {row["CHILD"]: british_date(row["DOB"]) for row in rows(folder, year, "header")}
        known |= {child.child_id: child.born or child.expected for child in census(folder, year)}
    return known


def test_a_file_is_the_same_whatever_is_written_with_it(folder: Path, tmp_path: Path) -> None:
    for write in (write_education, write_feedback, write_families):
        write(COUNCIL, tmp_path, YEARS, seed=5)
    alone, together = digests(tmp_path), digests(folder)
    assert alone
    assert alone == {name: together[name] for name in alone}
    write_feedback(COUNCIL, tmp_path / "other", YEARS, seed=6)
    assert not digests(tmp_path / "other").items() & alone.items()


def test_files_have_the_columns_of_the_templates(folder: Path) -> None:
    for year in YEARS:
        for source, columns in (("education", EDUCATION), ("feedback", FEEDBACK), ("families", FAMILIES)):
            for kind, header in columns.items():
                path = folder / str(year) / f"{source}_{year}_{kind}.csv"
                first, *others = path.read_text(encoding="utf-8").splitlines()
                assert first == header
                assert others
                assert {line.count(",") for line in others} == {header.count(",")}


def test_pupils_with_a_child_id_are_those_children(folder: Path) -> None:
    known = known_children(folder)
    found = Counter[bool]()
    for year in YEARS:
        for kind in EDUCATION:
            for row in read(folder, year, f"education_{kind}"):
                assert row["UPN"] or row["CHILD_ID"]
                assert not row["UPN"] or not row["CHILD_ID"] or row["UPN"] == f"Z000{row['CHILD_ID']}"
                child = row["CHILD_ID"] or row["UPN"].removeprefix("Z000")
                if row["UPN"].startswith("Z000") or row["CHILD_ID"]:
                    found[child in known] += 1
                    assert known.get(child, british_date(row["DOB"])) == british_date(row["DOB"])
    assert found[True] > 500 * found[False], "a referral without further action just before the years is in no return"


def test_rows_bear_both_ids_or_either_and_some_pupils_are_unknown_to_social_care(folder: Path) -> None:
    found = Counter[str]()
    known = known_children(folder)
    for row in read(folder, 2025, "education_attendance"):
        assert re.fullmatch(r"Z0[0-9]{11}|", row["UPN"])
        if row["UPN"] and not row["UPN"].startswith("Z000"):
            found["unknown"] += 1
            assert row["CHILD_ID"] == ""
            assert row["UPN"][4:] not in known
        else:
            found["both" if row["UPN"] and row["CHILD_ID"] else "number" if row["UPN"] else "child id"] += 1
    assert found["both"] > found["unknown"] > found["number"] > found["child id"] > 0


def test_pupils_are_of_school_age_and_finish_a_stage_at_its_age(folder: Path) -> None:
    ages = {"EYFSP": 4, "KS2": 10, "KS4": 15}
    for year in YEARS:
        start = date(year - 1, 8, 31)
        for kind in ("attendance", "attainment"):
            for row in read(folder, year, f"education_{kind}"):
                born = british_date(row["DOB"])
                assert born is not None
                age = start.year - born.year - ((start.month, start.day) < (born.month, born.day))
                assert 4 <= age <= 15
                assert "STAGE" not in row or ages[row["STAGE"]] == age
                assert "STAGE" not in row or (row["EXPECTED"] == "") == (row["STAGE"] == "KS4")
                assert "STAGE" not in row or not row["PROGRESS8"] or year <= 2024


def test_a_pupil_has_one_row_a_year_and_misses_no_more_than_there_is(folder: Path) -> None:
    for year in YEARS:
        for kind in ("attendance", "suspensions", "school_census"):
            pupils = Counter(row["UPN"] or f"Z000{row['CHILD_ID']}" for row in read(folder, year, f"education_{kind}"))
            assert set(pupils.values()) == {1}
        for row in read(folder, year, "education_attendance"):
            assert 0 <= int(row["SESSIONS_MISSED"]) <= int(row["SESSIONS_POSSIBLE"]) <= 380


def test_moves_reappear_in_the_file_of_the_next_year(folder: Path) -> None:
    def moves(year: int) -> set[tuple[str, str]]:
        return {
            (row["UPN"] or f"Z000{row['CHILD_ID']}", row["MOVE_DATE"])
            for row in read(folder, year, "education_school_moves")
        }

    for year in YEARS:
        days = [british_date(day) for _, day in moves(year)]
        assert all(day is not None and date(year - 2, 4, 1) <= day <= date(year, 3, 31) for day in days)
    of_both = {move for move in moves(2025) if (british_date(move[1]) or date.max) <= date(2024, 3, 31)}
    pupils_of_2024 = {pupil for pupil, _ in moves(2024)}
    assert of_both
    assert {move for move in of_both if move[0] in pupils_of_2024} <= moves(2024)


def test_answers_are_codes_of_their_form_and_of_somebody_invited(folder: Path) -> None:
    known = known_children(folder)
    for year in YEARS:
        invited: dict[str, set[str]] = defaultdict(set)
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for row in read(folder, year, "feedback_invitations"):
            form = f"{row['INSTRUMENT']}_{row['VERSION']}_{row['AGE_FORM']}"
            assert form in FORMS
            invited[form].add(row["RESPONDENT"])
            counts[form][row["RESPONDED"]] += 1
            assert row["RESPONDENT"] in known or row["SEX"] == row["DOB"] == row["ETHNIC"] == ""
        answered: dict[str, set[str]] = defaultdict(set)
        for row in read(folder, year, "feedback_answers"):
            form = f"{row['INSTRUMENT']}_{row['VERSION']}_{row['AGE_FORM']}"
            assert row["ANSWER"] in FORMS[form].questions[row["QUESTION"]]
            answered[form].add(row["RESPONDENT"])
        assert invited.keys() == FORMS.keys()
        for form, people in answered.items():
            assert counts[form]["1"] == len(people)
            assert people <= invited[form] or (not people & invited[form] and not people & known.keys())


def test_families_are_those_of_children_in_need_and_of_the_warehouse(folder: Path) -> None:
    members: dict[str, set[str]] = defaultdict(set)

    def note(table: str, row: object) -> None:
        if table == "ssd_family" and isinstance(row, dict):
            members[row["fami_family_id"]].add(row["fami_person_id"])

    write_ssd(COUNCIL, YEARS, note, seed=5)
    assert any(len(children) > 1 for children in members.values())
    for year in YEARS:
        first, last = date(year - 1, 4, 1), date(year, 3, 31)
        families = {
            row["FAMILY_ID"]: british_date(row["CLOSED_DATE"]) for row in read(folder, year, "families_families")
        }
        assert families.keys() <= members.keys()
        assert any(families.values()) and not all(families.values())
        assert all(first <= closed <= last for closed in families.values() if closed)
        needs = read(folder, year, "families_needs")
        assert {row["FAMILY_ID"] for row in needs} == families.keys()
        assert len({(row["FAMILY_ID"], row["NEED"]) for row in needs}) == len(needs)
        for row in needs:
            since, lapsed = british_date(row["OUTCOME_DATE"]), british_date(row["LAPSED_DATE"])
            assert 1 <= int(row["NEED"]) <= 10
            assert lapsed is None or (since is not None and since < lapsed <= last)


def test_the_smallest_council_has_every_file(tmp_path: Path) -> None:
    council = council_like_england(80_000).scaled_to(looked_after=8, in_need=50)
    write_files(council, tmp_path, YEARS, tuple(Files), seed=2)
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    for year in YEARS:
        assert {f"education_{year}_{kind}.csv" for kind in EDUCATION} <= names
        assert 20 < len(list(census(tmp_path, year))) < 90
    assert read(tmp_path, 2025, "education_attendance")
    assert read(tmp_path, 2025, "feedback_invitations")
