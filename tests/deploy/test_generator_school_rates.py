"""If this fails, the schooling of made-up children is not like that of England's children known to social care, nor
their answers like those of the children who were asked."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pytest

from deploy.demo.generator import Files, all_councils, council_like_england, write_feedback, write_files
from deploy.demo.generator.feedback_answers import draw_answers
from tests.deploy.plain_figures import Row, british_date, census, rows

YEAR = 2025
SHARES = {
    "persistent": {"cino": (46.0, 4.0), "cppo": (55.4, 7.0), "cla12": (20.3, 5.0), "unknown": (18.1, 3.0)},
    "severe": {"cino": (11.3, 3.0), "cppo": (15.4, 5.0), "cla12": (6.4, 3.0), "unknown": (2.4, 1.5)},
    "missed": {"cino": (17.4, 2.0), "cppo": (21.8, 3.5), "cla12": (9.0, 2.0), "unknown": (6.78, 1.0)},
    "suspended": {"cino": (14.2, 2.5), "cla12": (14.6, 4.0), "unknown": (4.0, 1.5)},
    "ehcp": {"cino": (31.4, 3.5), "cla12": (33.9, 5.5), "unknown": (5.3, 1.5)},
    "free_meals": {"cino": (61.7, 3.5), "unknown": (25.7, 3.5)},
    "ks2": {"cino": (30.0, 8.0), "unknown": (63.0, 8.0)},
    "attainment8": {"cino": (17.3, 2.5), "unknown": (46.0, 5.0)},
    "engmaths_4": {"cino": (18.1, 6.5), "unknown": (64.8, 9.0)},
    "moved_mid_year": {"cla12": (8.0, 3.0)},
}
"""England's published figures by group (indicators reference 7), and how far a council of this size may be off."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("schools")
    write_files(council_like_england(300_000), made, [YEAR], (Files.RETURNS, Files.EDUCATION), seed=14)
    return made


@pytest.fixture(scope="module")
def group_of(folder: Path) -> Callable[[Row], str]:
    """The group of a pupil on 31 March, told from the returns alone by number or child id."""
    groups: dict[str, str] = {}
    for child in census(folder, YEAR):
        still_open = [case for case in child.cases if case.in_need and case.closure is None]
        if any(stop is None for case in child.cases for _, stop, _, _ in case.plans):
            groups[child.child_id] = "cppo"
        else:
            groups[child.child_id] = "cino" if still_open else "known"
    for row in rows(folder, YEAR, "episodes"):
        if not row["DEC"]:
            groups[row["CHILD"]] = "cla"
    open_now = {child for child, group in groups.items() if group == "cla"}
    groups |= {row["CHILD"]: "cla12" for row in rows(folder, YEAR, "oc2") if row["CHILD"] in open_now}

    def group(row: Row) -> str:
        if not row["CHILD_ID"] and not row["UPN"].startswith("Z000"):
            return "unknown"
        return groups.get(row["CHILD_ID"] or row["UPN"].removeprefix("Z000"), "known")

    return group


def read(folder: Path, kind: str) -> list[Row]:
    with (folder / str(YEAR) / f"education_{YEAR}_{kind}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def figures(folder: Path, group_of: Callable[[Row], str]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    sessions: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in read(folder, "attendance"):
        group, possible, missed = group_of(row), int(row["SESSIONS_POSSIBLE"]), int(row["SESSIONS_MISSED"])
        sessions[group].append((missed, possible))
        found["persistent"][group].append(100 * (missed >= possible / 10))
        found["severe"][group].append(100 * (missed >= possible / 2))
    for row in read(folder, "suspensions"):
        found["suspended"][group_of(row)].append(100 * (int(row["SUSPENSIONS"]) > 0))
    for row in read(folder, "school_census"):
        found["ehcp"][group_of(row)].append(100 * (row["SEN"] == "EHCP"))
        found["free_meals"][group_of(row)].append(100 * (row["FREE_SCHOOL_MEALS"] == "1"))
    for row in read(folder, "attainment"):
        group = group_of(row)
        if row["STAGE"] == "KS2":
            found["ks2"][group].append(100 * (row["EXPECTED"] == "1"))
        elif row["STAGE"] == "KS4":
            grades = [0 if grade == "U" else int(grade) for grade in (row["ENGLISH_GRADE"], row["MATHS_GRADE"])]
            found["attainment8"][group].append(float(row["ATTAINMENT8"]))
            found["engmaths_4"][group].append(100 * (min(grades) >= 4))
    moved = {pupil_of(row) for row in read(folder, "school_moves") if is_mid_year(british_date(row["MOVE_DATE"]))}
    for row in read(folder, "school_census"):
        found["moved_mid_year"][group_of(row)].append(100 * (pupil_of(row) in moved))
    averages = {name: {group: mean(values) for group, values in groups.items()} for name, groups in found.items()}
    averages["missed"] = {
        group: 100 * sum(missed for missed, _ in of) / sum(possible for _, possible in of)
        for group, of in sessions.items()
    }
    return averages


def mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


def pupil_of(row: Row) -> str:
    return row["UPN"] or f"Z000{row['CHILD_ID']}"


def is_mid_year(day: date | None) -> bool:
    return day is not None and day >= date(YEAR - 1, 4, 1) and day.month not in (8, 9)


@pytest.mark.parametrize(
    ("figure", "group"), [(figure, group) for figure, groups in SHARES.items() for group in groups]
)
def test_schooling_is_near_englands(figures: dict[str, dict[str, float]], figure: str, group: str) -> None:
    published, tolerance = SHARES[figure][group]
    assert figures[figure][group] == pytest.approx(published, abs=tolerance)


def test_a_council_has_its_own_absence(tmp_path: Path) -> None:
    """Children in need miss more school in some councils than in others, as published."""
    ordered = sorted(all_councils(), key=lambda council: council.absence_persistent_cino)
    shares = []
    for council in (ordered[5], ordered[-5]):
        write_files(council, tmp_path / council.la_code, [YEAR], [Files.EDUCATION], scale=0.5, seed=1)
        missed = [
            int(row["SESSIONS_MISSED"]) >= int(row["SESSIONS_POSSIBLE"]) / 10
            for row in read(tmp_path / council.la_code, "attendance")
            if row["CHILD_ID"]
        ]
        shares.append(sum(missed) / len(missed))
    assert shares[0] + 0.03 < shares[1]


@pytest.mark.parametrize(
    ("form", "question", "answers", "published"),
    [
        ("ylbc_1_16_25", "life_satisfaction", range(5), 26),
        ("ylbc_1_16_25", "worthwhile", range(5), 23),
        ("ylbc_1_16_25", "anxious_yesterday", range(6, 11), 33),
        ("ylbc_1_16_25", "lonely", ["always_or_often"], 22),
        ("ylbc_1_16_25", "feels_safe_home", ["hardly_ever", "never"], 16),
        ("ylyc_1_11_18", "trusted_adult", ["yes"], 92),
        ("ylyc_1_11_18", "life_better", ["much_better", "bit_better"], 83),
        ("ylyc_1_8_11", "good_friend", ["no"], 7),
    ],
)
def test_answers_are_as_published(form: str, question: str, answers: Iterable[object], published: float) -> None:
    chance = random.Random(6)
    given = [draw_answers(chance, form).get(question) for _ in range(4000)]
    counted = [answer for answer in given if answer not in (None, "dont_know", "prefer_not")]
    wanted = {str(answer) for answer in answers}
    assert 100 * mean(answer in wanted for answer in counted) == pytest.approx(published, abs=2.5)


def test_answers_of_one_person_hang_together() -> None:
    chance = random.Random(7)
    people = [draw_answers(chance, "ylbc_1_16_25") for _ in range(3000)]
    scores = [
        (int(answers["life_satisfaction"]), int(answers["happy_yesterday"]))
        for answers in people
        if {"life_satisfaction", "happy_yesterday"} <= answers.keys()
    ]
    low = mean(happy for satisfied, happy in scores if satisfied <= 4)
    high = mean(happy for satisfied, happy in scores if satisfied >= 8)
    assert low + 1.5 < high


def test_a_quarter_to_a_half_of_those_invited_answer(tmp_path: Path) -> None:
    for seed in range(4):
        folder = tmp_path / str(seed)
        write_feedback(council_like_england(40_000), folder, [YEAR], seed=seed)
        with (folder / str(YEAR) / f"feedback_{YEAR}_invitations.csv").open(encoding="utf-8") as file:
            invited = list(csv.DictReader(file))
        rate = mean(row["RESPONDED"] == "1" for row in invited)
        assert 0.2 < rate < 0.58
