"""A plain reading of generated returns: rates counted from the files of one folder, with no code of the node."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

from lxml import etree

Row = dict[str, str]


def british_date(text: str) -> date | None:
    """A date of an SSDA903 file, None when blank."""
    return datetime.strptime(text, "%d/%m/%Y").date() if text else None


def rows(folder: Path, year: int, kind: str) -> list[Row]:
    """The rows of one SSDA903 file; none for a file that was not yet collected."""
    path = folder / str(year) / f"SSDA903_{year}_{kind}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass
class CensusCase:
    """One CINdetails group, in dates."""

    referral: date
    closure: date | None
    reason: str
    no_further_action: bool
    assessments: list[tuple[date, date | None]] = field(default_factory=list)
    enquiries: list[tuple[date, date | None]] = field(default_factory=list)
    plans: list[tuple[date, date | None, int, list[date]]] = field(default_factory=list)

    @property
    def in_need(self) -> bool:
        """Whether the case counts among those of children in need."""
        return not self.no_further_action and self.reason not in ("RC8", "RC9")


@dataclass
class CensusChild:
    """One Child group."""

    child_id: str
    born: date | None
    expected: date | None
    cases: list[CensusCase]


def census(folder: Path, year: int) -> Iterator[CensusChild]:
    """The children of one census."""
    path = folder / str(year) / f"CIN_census_{year}.xml"
    for _, element in etree.iterparse(str(path), tag="Child"):
        yield CensusChild(
            element.findtext("ChildIdentifiers/LAchildID"),
            _iso(element.findtext("ChildIdentifiers/PersonBirthDate")),
            _iso(element.findtext("ChildIdentifiers/ExpectedPersonBirthDate")),
            [_case(group) for group in element.iterfind("CINdetails")],
        )
        element.clear()


def _iso(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _day(element: etree._Element, name: str) -> date:
    day = _iso(element.findtext(name))
    assert day is not None
    return day


def _case(group: etree._Element) -> CensusCase:
    case = CensusCase(
        _day(group, "CINreferralDate"),
        _iso(group.findtext("CINclosureDate")),
        group.findtext("ReasonForClosure") or "",
        group.findtext("ReferralNFA") == "1",
    )
    for found in group.iterfind("Assessments"):
        authorised = _iso(found.findtext("AssessmentAuthorisationDate"))
        case.assessments.append((_day(found, "AssessmentActualStartDate"), authorised))
    for found in group.iterfind("Section47"):
        case.enquiries.append((_day(found, "S47ActualStartDate"), _iso(found.findtext("DateOfInitialCPC"))))
    for found in group.iterfind("ChildProtectionPlans"):
        reviews = [date.fromisoformat(review.text or "") for review in found.iterfind("Reviews/CPPreviewDate")]
        earlier = int(found.findtext("NumberOfPreviousCPP") or "")
        case.plans.append((_day(found, "CPPstartDate"), _iso(found.findtext("CPPendDate")), earlier, reviews))
    return case


def need_figures(folder: Path, year: int) -> dict[str, float]:
    """Counts and percentages of children in need, of the census of `year` and the one before."""
    start, end = date(year - 1, 4, 1), date(year, 3, 31)
    referrals: dict[str, set[date]] = defaultdict(set)
    for child in census(folder, year - 1):
        referrals[child.child_id] |= {case.referral for case in child.cases}
    counts: dict[str, float] = defaultdict(float)
    for child in census(folder, year):
        for case in child.cases:
            referrals[child.child_id].add(case.referral)
            counts["cin_open_31_march"] += case.in_need and case.closure is None
            if start <= case.referral <= end:
                counts["referrals"] += 1
                counts["referral_nfa"] += case.no_further_action
                counts["assessed_not_in_need"] += case.reason in ("RC8", "RC9")
            for begin, stop, earlier, _ in case.plans:
                if start <= begin <= end:
                    counts["cpp_started"] += 1
                    counts["cpp_repeat_ever"] += earlier > 0
                if stop is None:
                    counts["cpp_open_31_march"] += 1
                    counts["cpp_2y_open"] += (end - begin).days >= 729
            counts["s47_started"] += sum(start <= begin <= end for begin, _ in case.enquiries)
            authorised = [(begin, done) for begin, done in case.assessments if done and start <= done <= end]
            counts["assessments"] += len(authorised)
            counts["long_assessments"] += sum((done - begin).days > 64 for begin, done in authorised)
            counts["conferences"] += sum(1 for _, held in case.enquiries if held and start <= held <= end)
        counts["children_referred"] += any(start <= day <= end for day in referrals[child.child_id])
    for days in referrals.values():
        ordered = sorted(days)
        for first, second in pairwise(ordered):
            counts["rereferral_12m_referrals"] += start <= second <= end and (second - first).days < 365
    counts["rereferral_12m_referrals"] *= 100 / counts["referrals"]
    for share, of in (
        ("referral_nfa", "referrals"),
        ("assessed_not_in_need", "referrals"),
        ("cpp_repeat_ever", "cpp_started"),
        ("cpp_2y_open", "cpp_open_31_march"),
    ):
        counts[share] *= 100 / counts[of]
    return dict(counts)


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def care_figures(folder: Path, year: int) -> dict[str, float]:
    """Counts and percentages of looked-after children and care leavers, of the return of `year`."""
    start = date(year - 1, 4, 1)
    episodes = [row for row in rows(folder, year, "episodes") if row["LS"] not in ("V3", "V4")]
    open_now = {row["CHILD"]: row for row in episodes if not row["DEC"]}
    begun = {row["CHILD"] for row in episodes if row["RNE"] == "S" and (british_date(row["DECOM"]) or start) >= start}
    ended = {row["CHILD"]: row["REC"] for row in episodes if row["REC"] not in ("", "X1")}
    placements: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for row in episodes:
        if not row["PLACE"].startswith("T"):
            placements[row["CHILD"]].add((row["PLACE"][0], row["URN"], row["PL_POST"]))
    workers: dict[str, set[str]] = defaultdict(set)
    for row in rows(folder, year, "social_worker"):
        workers[row["CHILD"]].add(row["SW_ID"])
    missing = {row["CHILD"] for row in rows(folder, year, "missing") if row["MISSING"] == "M"}
    place_codes = [row["PLACE"] for row in open_now.values()]
    figures = {
        "cla_31_march": len(open_now),
        "cla_started": len(begun),
        "cla_ceased": len(ended),
        "ceased_home": _percent(sum(rec in ("E4A", "E4B") for rec in ended.values()), len(ended)),
        "ceased_sgo": _percent(sum(rec in ("E45", "E46", "E47", "E48") for rec in ended.values()), len(ended)),
        "ceased_adopted": _percent(sum(rec in ("E11", "E12") for rec in ended.values()), len(ended)),
        "placements_3plus": _percent(sum(len(placements[child]) >= 3 for child in open_now), len(open_now)),
        "placed_foster": _percent(sum(code[0] == "U" for code in place_codes), len(open_now)),
        "placed_childrens_home": _percent(sum(code in ("K1", "K2") for code in place_codes), len(open_now)),
        "placed_supported": _percent(sum(code in ("H5", "K3") for code in place_codes), len(open_now)),
        "social_workers_3plus": _percent(sum(len(workers[child]) >= 3 for child in open_now), len(open_now)),
        "missing_cla": _percent(len(missing), len({row["CHILD"] for row in episodes})),
        "same_carer_2y": _same_carer(folder, year, open_now),
    }
    return figures | _check_figures(folder, year) | _leaver_figures(folder, year)


def _same_carer(folder: Path, year: int, open_now: dict[str, Row]) -> float:
    """Children under sixteen in care for two and a half years, who live where they lived two years before."""
    end, two_years = date(year, 3, 31), date(year - 2, 3, 31)
    births = {row["CHILD"]: british_date(row["DOB"]) or end for row in rows(folder, year, "header")}
    history: dict[str, dict[date, Row]] = defaultdict(dict)
    for each in (year - 2, year - 1, year):
        for row in rows(folder, each, "episodes"):
            history[row["CHILD"]][british_date(row["DECOM"]) or end] = row
    same, cohort = 0, 0
    for child in open_now:
        if (end - births[child]).days >= 16 * 365.25:
            continue
        episodes = [history[child][day] for day in sorted(history[child])]
        starts = [british_date(row["DECOM"]) or end for row in episodes if row["RNE"] == "S"]
        if max(starts, default=date.min) > date(year - 3, 9, 30):
            continue
        cohort += 1
        moves = [
            british_date(row["DECOM"]) or end
            for before, row in pairwise(episodes)
            if row["RNE"] in ("P", "B")
            and not row["PLACE"].startswith("T")
            and not before["PLACE"].startswith("T")
            and row["PLACE"][0] != "A"
        ]
        same += not any(day > two_years for day in moves)
    return _percent(same, cohort)


def _check_figures(folder: Path, year: int) -> dict[str, float]:
    end = date(year, 3, 31)
    checks = rows(folder, year, "oc2")

    def age(row: Row) -> int:
        born = british_date(row["DOB"]) or end
        return end.year - born.year - ((end.month, end.day) < (born.month, born.day))

    scored = [row for row in checks if 5 <= age(row) <= 16]
    scores = [int(row["SDQ_SCORE"]) for row in scored if row["SDQ_SCORE"]]
    young = [row for row in checks if age(row) < 5]
    older = [row for row in checks if 10 <= age(row) <= 17]
    return {
        "cla12": len(checks),
        "sdq_coverage": _percent(len(scores), len(scored)),
        "sdq_mean": sum(scores) / max(1, len(scores)),
        "sdq_concern": _percent(sum(score >= 17 for score in scores), len(scores)),
        "sdq_borderline": _percent(sum(14 <= score <= 16 for score in scores), len(scores)),
        "health_assessment": _percent(sum(row["HEALTH_ASSESSMENT"] == "1" for row in checks), len(checks)),
        "immunisation": _percent(sum(row["IMMUNISATIONS"] == "1" for row in checks), len(checks)),
        "dental_check": _percent(sum(row["TEETH_CHECK"] == "1" for row in checks), len(checks)),
        "development_check_u5": _percent(sum(row["HEALTH_CHECK"] == "1" for row in young), len(young)),
        "substance_misuse": _percent(sum(row["SUBSTANCE_MISUSE"] == "1" for row in checks), len(checks)),
        "convicted": _percent(sum(row["CONVICTED"] == "1" for row in older), len(older)),
    }


def _leaver_figures(folder: Path, year: int) -> dict[str, float]:
    end = date(year, 3, 31)
    leavers: dict[str, list[Row]] = {"17_18": [], "19_21": []}
    for row in rows(folder, year, "oc3"):
        born = british_date(row["DOB"]) or end
        age = end.year - born.year - ((end.month, end.day) < (born.month, born.day))
        if row["IN_TOUCH"] not in ("DIED", "RHOM"):
            leavers["17_18" if age < 19 else "19_21"].append(row)
    figures: dict[str, float] = {}
    for band, found in leavers.items():
        figures[f"care_leavers_{band}"] = len(found)
        figures[f"care_leaver_eet_{band}"] = _percent(sum(row["ACTIV"][0] in "FP" for row in found), len(found))
        figures[f"care_leaver_he_{band}"] = _percent(sum(row["ACTIV"] in ("F1", "P1") for row in found), len(found))
        figures[f"care_leaver_activity_unknown_{band}"] = _percent(
            sum(row["ACTIV"] == "0" for row in found), len(found)
        )
        figures[f"care_leaver_suitable_{band}"] = _percent(sum(row["ACCOM"][-1] == "1" for row in found), len(found))
    return figures
