"""One invented child's SSDA903 returns, year by year."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from tests.oracle.dates import add_months
from tests.oracle.random_values import Dates, codes, ethnicity_code, messy_case, sex_code

Rows = list[dict[str, str]]

_PLACES = codes("U1 U1 U1 U4 U6 K2 K1 H5 K3 A3 A4 A5 A6 P1 R1 S1 T0 T1 T4 Z1")
_ENDS = codes("X1 X1 X1 X1 X1 X1 X1 X1 X1 X1 X1 X1 E11 E12 E3 E3 E41 E43 E45 E48 E4A E4A E4B E4B E5 E8")
_LEGAL = codes("C1 C1 C2 E1 V2 V2 V2 V3 V4 J1")
_ADDRESSES = (
    ("", "ZZ1 1ZZ"),
    ("", "zz11zz"),
    ("SC0000001", "ZZ1 1ZZ"),
    ("SC0000002", "ZZ2 2ZZ"),
    ("", "ZZ3 3ZZ"),
    ("", ""),
)


@dataclass(frozen=True)
class _Episode:
    start: date
    rne: str
    legal: str
    place: str
    urn: str
    postcode: str
    end: date | None
    reason: str


def _shown(day: date | None) -> str:
    return "" if day is None else day.strftime("%d/%m/%Y")


def _smudged(random: Random, shown: str) -> str:
    """The text of a date, at times of a day that does not exist."""
    return f"31/02/{shown[-4:]}" if shown and random.random() < 0.01 else shown


@dataclass(frozen=True)
class _Story:
    """How a life in care goes: how long episodes are (in days), how likely a chain goes on, and its likely ends."""

    starts: tuple[int, ...]
    days: tuple[int, ...]
    goes_on: float
    ends: list[str]
    ages: tuple[int, ...]
    places: tuple[str, ...] = ()
    legal: tuple[str, ...] = ()
    adopted: bool = False
    at_eighteen: bool = False


_YEAR_BOUNDARIES = (12, 24, 24, 30, 30, 36)
_STORIES = (
    _Story((0, 3, 6, 12, 12), (0, 1, 7, 20, 40, 90, 180), 0.9, _ENDS, (0, 4, 5, 9, 10, 12, 15, 16, 17)),
    _Story((12, 24, 36), (1, 30, 364, 365, 366, 400), 0.6, _ENDS, (0, 5, 10, 15, 16, 18, 21)),
    _Story(_YEAR_BOUNDARIES, (1, 7, 180, 365, 400, 730), 0.95, _ENDS, (3, 5, 10, 14, 15, 16)),
    _Story((12, 24, 36), (0, 20, 200, 365), 0.4, ["E3", "E3", "E4A", "E8", "X1"], (17, 18, 19, 21)),
    _Story((24, 30, 36), (100, 150, 200, 250), 0.97, _ENDS, (5, 10, 14, 15)),
    _Story((24, 30, 36), (200, 300, 365), 1.0, _ENDS, (5, 10, 14, 15)),
    _Story((18, 24, 24, 30), (20, 20, 180, 300, 365, 366), 0.4, ["E4A", "E4A", "E4B", "E4B", "E5"], (1, 6, 12, 17)),
    _Story(
        (14, 14, 20, 24, 30, 36),
        (0, 10, 30, 60, 200, 300),
        0.75,
        ["E11", "E12", "E12", "E4A"],
        (0, 2, 4, 9),
        ("U1", "U4", "U4", "A3", "A4", "A5", "A6", "T1"),
        ("E1", "E1", "C1", "D1", "V2"),
        adopted=True,
    ),
    _Story((14, 14, 14, 20), (10, 60, 200), 0.98, ["E4A"], (0, 2, 4), ("K2", "P1", "R1"), ("E1", "C1", "V2")),
    _Story((36,), (100, 300, 365), 0.9, ["E8"], (18, 19, 20, 20), ("U1", "U6", "U6", "K2"), at_eighteen=True),
)


def _life(random: Random, dates: Dates, story: _Story, born: date | None) -> list[_Episode]:
    episodes: list[_Episode] = []
    places, legal_statuses = story.places or _PLACES, story.legal or _LEGAL
    start = add_months(date(dates.year, 3, 31), -random.choice(story.starts)) + timedelta(
        days=random.choice((-1, 0, 0, 1, 1, -40))
    )
    rne = "S" if random.random() < 0.9 else "P"
    usual = random.choice(legal_statuses)
    urn, postcode = random.choice(_ADDRESSES)
    place, placed = random.choice(places), False
    for _ in range(random.choice((1, 2, 3, 4, 5, 6, 8, 10))):
        legal = usual if random.random() < 0.85 else random.choice(legal_statuses)
        if place.startswith("U") and random.random() < 0.25:
            place = random.choice(("A3", "A4", "A5", "A6"))
        elif random.random() < 0.6:
            place = random.choice(places) if random.random() < 0.8 else "K3" if place == "H5" else place
            urn, postcode = random.choice(_ADDRESSES)
        elif len(episodes) > 1 and random.random() < 0.5:
            place, urn, postcode = episodes[-2].place, episodes[-2].urn, episodes[-2].postcode
        end = dates.after(start) if random.random() < 0.4 else start + timedelta(days=random.choice(story.days))
        two_years_ago = date(dates.year - 2, 3, 31) + timedelta(days=random.choice((0, 0, 1)))
        if start < two_years_ago < end and random.random() < 0.5:
            end = two_years_ago
        if placed:
            place, rne, placed = random.choice(("A4", "A5", "A6")), "P", False
        if story.adopted and episodes and random.random() < 0.3:
            placed = True
            end = max(start, add_months(episodes[0].start, 14) + timedelta(days=random.choice((-1, 0, 1))))
        if story.adopted and random.random() < 0.1:
            end = max(start, date(dates.year - random.choice((1, 3)), 4, 1))
        reason = "X1" if random.random() < story.goes_on else random.choice(story.ends)
        episodes.append(_Episode(start, rne, legal, place, urn, postcode, end, reason))
        ended = reason != "X1"
        if ended and random.random() < 0.3:
            break
        if ended and random.random() < 0.5:
            usual = random.choice(legal_statuses)
        gap = random.random() < 0.15 or (ended and random.random() < 0.6)
        start = dates.after(end) if gap else end
        if not ended and random.random() < 0.06:
            start = max(episodes[-1].start, end - timedelta(days=40))
        rne = "S" if ended and random.random() < 0.9 else random.choice("LPTBUPTBUS")
    if random.random() < 0.7:
        episodes[-1] = replace(episodes[-1], end=None, reason="")
    if story.adopted and random.random() < 0.6:
        last = episodes[-1]
        reason = random.choice(("E11", "E12"))
        place = random.choice(codes("A3 A4 A5 A6 A3 A5 U4"))
        return [*episodes[:-1], replace(last, place=place, end=last.end or dates.after(last.start), reason=reason)]
    if story.at_eighteen and born is not None and random.random() < 0.8:
        birthday = add_months(born, 12 * 18) + timedelta(days=random.choice((0, 0, 0, 0, -1, 1)))
        lived = [episode for episode in episodes if episode.start < birthday] or episodes[:1]
        return [*lived[:-1], replace(lived[-1], end=max(birthday, lived[-1].start), reason="E8")]
    return episodes


def _corrected(random: Random, episodes: list[_Episode], first_day: date) -> list[_Episode]:
    """What the council has changed in its system since the last return, most of all in what was open at its end."""
    changed: list[_Episode] = []
    for episode in episodes:
        carried_over = episode.start < first_day and (episode.end is None or episode.end >= first_day)
        if random.random() > (0.7 if carried_over else 0.03):
            changed.append(episode)
            continue
        kind = random.choice(codes("vanished relabelled postponed moved moved moved split split split"))
        other_place = random.choice((episode.place, "U4", "K2"))
        if kind == "relabelled":
            changed.append(replace(episode, rne=random.choice("SLPTBU")))
        elif kind == "postponed" and episode.end is None:
            changed.append(replace(episode, start=episode.start + timedelta(days=random.choice((1, 30, 60)))))
        elif kind == "moved":
            start = episode.start + timedelta(days=random.choice((-30, -1, 1, 30, 60)))
            end = None if episode.end is None else max(start, episode.end)
            rne = episode.rne if random.random() < 0.3 else random.choice("SSP")
            changed.append(replace(episode, start=start, end=end, rne=rne, place=other_place))
        elif kind == "split":
            day = first_day - timedelta(days=random.choice((0, 1, 1, 2, 50, 100)))
            if episode.start < day and (episode.end is None or day < episode.end):
                changed.append(replace(episode, end=day, reason="X1"))
                episode = replace(episode, start=day, rne=random.choice("SSLPTB"), place=other_place)
            changed.append(episode)
    return sorted(changed, key=lambda episode: episode.start)


def _episode_rows(random: Random, child: str, episodes: list[_Episode], year: int) -> Rows:
    start, end = date(year - 1, 4, 1), date(year, 3, 31)
    rows: Rows = []
    for episode in episodes:
        if episode.start > end or (episode.end is not None and episode.end < start):
            continue
        open_still = episode.end is None or episode.end > end
        left_blank = not open_still and episode.reason == "X1" and random.random() < 0.1
        row = {
            "CHILD": child,
            "DECOM": _shown(episode.start),
            "RNE": messy_case(random, episode.rne),
            "LS": messy_case(random, episode.legal),
            "CIN": "N1",
            "PLACE": messy_case(random, episode.place),
            "PLACE_PROVIDER": "PR1",
            "DEC": "" if open_still or left_blank else _smudged(random, _shown(episode.end)),
            "REC": "" if open_still or left_blank else messy_case(random, episode.reason),
            "PL_POST": episode.postcode,
            "URN": messy_case(random, episode.urn),
        }
        if random.random() < 0.06:
            rows.append(row | {"RNE": "P", "PLACE": "K2", "REC": row["REC"] and "X1"})
        rows.append(row)
    if random.random() < 0.2:
        last_start = {row["DECOM"]: position for position, row in enumerate(rows)}
        if len(last_start) == len(rows):
            random.shuffle(rows)
    return rows


def _yes_or_no(random: Random) -> str:
    return random.choice(("1", "1", "0", ""))


def _outcome_row(random: Random, child: str) -> dict[str, str]:
    columns = "CONVICTED HEALTH_CHECK IMMUNISATIONS TEETH_CHECK HEALTH_ASSESSMENT SUBSTANCE_MISUSE"
    scores = ("", "0", "13", "14", "16", "17", "40", "41", "-1", "x", "7.5", "15", "20")
    return {
        "CHILD": child,
        "SDQ_SCORE": random.choice(scores),
        **{column: _yes_or_no(random) for column in columns.split()},
        "INTERVENTION_RECEIVED": _yes_or_no(random),
        "INTERVENTION_OFFERED": _yes_or_no(random),
    }


def _leaver_row(random: Random, child: str) -> dict[str, str]:
    return {
        "CHILD": child,
        "IN_TOUCH": random.choice(["YES", "YES", "YES", "NO", "NO", "REFU", "NREQ", "DIED", "RHOM"]),
        "ACTIV": random.choice(("F1", "P1", "F2", "F3", "P3", "F4", "P5", "G4", "G5", "G6", "0", "0", "", "")),
        "ACCOM": random.choice(("B1", "C2", "Z1", "Z2", "Z2", "K1", "S2", "G1", "H1", "R2", "0", "0", "", "")),
    }


def _span(random: Random, dates: Dates) -> tuple[str, str]:
    start = dates.any(1)
    end = dates.after(start) if random.random() < 0.7 else None
    return _smudged(random, _shown(start)), _smudged(random, _shown(end))


def care_slices(random: Random, child: str, year: int) -> dict[int, dict[str, Rows]]:
    """The rows of each year's files, by file."""
    dates = Dates(random, year)
    story = random.choice((*_STORIES, *_STORIES[-3:], *_STORIES[-3:]))
    born = dates.birth(story.ages)
    episodes = _life(random, dates, story, born) if random.random() < 0.95 else []
    slices: dict[int, dict[str, Rows]] = {}
    for return_year in range(year - 2, year + 2):
        now = Dates(random, return_year)
        files: dict[str, Rows] = defaultdict(list)
        slices[return_year] = files
        if random.random() < 0.6:
            episodes = _corrected(random, episodes, date(return_year - 1, 4, 1))
        files["episodes"] = _episode_rows(random, child, episodes, return_year)
        if random.random() < 0.04:
            files["episodes"] = []
        if files["episodes"] or random.random() < 0.5:
            for _ in range(random.choice((0, 1, 1, 1, 1, 1, 2)) if random.random() < 0.3 else 1):
                files["header"].append(
                    {
                        "CHILD": child,
                        "SEX": messy_case(random, sex_code(random, return_year)),
                        "DOB": _smudged(random, _shown(born)),
                        "ETHNIC": messy_case(random, ethnicity_code(random)),
                    }
                )
        if random.random() < 0.8:
            files["oc2"] = [_outcome_row(random, child) for _ in range(random.choice((1, 1, 1, 2)))]
        if random.random() < 0.5:
            files["oc3"] = [_leaver_row(random, child) for _ in range(random.choice((1, 1, 1, 2)))]
        for _ in range(random.choice((0, 0, 1, 2))):
            start, end = _span(random, now)
            files["missing"].append(
                {"CHILD": child, "MISSING": random.choice("MA"), "MIS_START": start, "MIS_END": end}
            )
        for _ in range(random.choice((0, 1, 3, 4))):
            start, end = _span(random, now)
            worker = random.choice(("W1", "w2", "W2", "W3", "W4"))
            files["social_worker"].append({"CHILD": child, "SW_ID": worker, "SW_DECOM": start, "SW_DEC": end})
        if random.random() < 0.2:
            ceased = date(return_year, 3, 31) + timedelta(days=random.choice((-100, -1, 0, 0, 1)))
            files["uasc"].append({"CHILD": child, "DUC": random.choice(("", _shown(ceased)))})
    return slices
