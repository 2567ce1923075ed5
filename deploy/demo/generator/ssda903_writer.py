"""SSDA903 returns as CSV: one set of files a reference year, each with its exact columns and the codes of its year.

A return is a slice: episodes, incidents and allocations active in the year, without what happened after it.
Columns and changes of codes by year: returns reference 2.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from deploy.demo.generator.child import Child
from deploy.demo.generator.days import add_years, british, year_end, year_start
from deploy.demo.generator.episodes import SUPPORTED, Episode
from deploy.demo.generator.history import CareRecord, History

COLUMNS: Final = {
    "header": "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB",
    "episodes": "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN",
    "reviews": "CHILD,DOB,REVIEW,REVIEW_CODE",
    "uasc": "CHILD,SEX,DOB,DUC",
    "oc2": (
        "CHILD,DOB,SDQ_SCORE,SDQ_REASON,CONVICTED,HEALTH_CHECK,IMMUNISATIONS,TEETH_CHECK,HEALTH_ASSESSMENT,"
        "SUBSTANCE_MISUSE,INTERVENTION_RECEIVED,INTERVENTION_OFFERED"
    ),
    "oc3": "CHILD,DOB,IN_TOUCH,ACTIV,ACCOM",
    "ad1": "CHILD,DOB,DATE_INT,DATE_MATCH,FOSTER_CARE,NB_ADOPTR,SEX_ADOPTR,LS_ADOPTR",
    "placed_for_adoption": "CHILD,DOB,DATE_PLACED,DATE_PLACED_CEASED,REASON_PLACED_CEASED",
    "previous_permanence": "CHILD,DOB,PREV_PERM,LA_PERM,DATE_PERM",
    "missing": "CHILD,DOB,MISSING,MIS_START,MIS_END",
    "social_worker": "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON",
}
"""The header line of every file."""

SOCIAL_WORKERS_SINCE: Final = 2024
LETTERS_FOR_SEX_SINCE: Final = 2025
SUPPORTED_IS_K3_SINCE: Final = 2025


def _day_until(day: int, last: int) -> str:
    """The day as text, or nothing when it is still to come."""
    return british(day) if day <= last else ""


def _flag(value: bool | None) -> str:
    return "" if value is None else "1" if value else "0"


class Ssda903Writer:
    """Writes one year's return, a child at a time; a context manager that closes its files."""

    def __init__(self, folder: Path, year: int) -> None:
        self._folder = folder
        self._year = year
        self._first, self._last = year_start(year), year_end(year)
        self._files: dict[str, TextIO] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for kind, columns in COLUMNS.items():
            if kind == "social_worker" and self._year < SOCIAL_WORKERS_SINCE:
                continue
            path = self._folder / f"SSDA903_{self._year}_{kind}.csv"
            file = self._stack.enter_context(path.open("w", encoding="utf-8", newline="\r\n"))
            file.write(f"{columns}\n")
            self._files[kind] = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _row(self, kind: str, *values: str) -> None:
        self._files[kind].write(",".join(values) + "\n")

    def write(self, history: History) -> None:
        """Writes what this year's return holds of a child; nothing for a child it does not have."""
        record = history.care
        if record is None:
            return
        episodes = [e for e in record.episodes if e.start <= self._last and e.end >= self._first]
        leaver = record.care_leaver_years.get(self._year)
        if not episodes and leaver is None:
            return
        child, dob = record.child.child_id, british(record.child.birth)
        self._write_header(record, child, dob)
        if leaver:
            self._row("oc3", child, dob, leaver.in_touch, leaver.activity, leaver.accommodation)
        if not episodes:
            return
        for episode in episodes:
            self._write_episode(record, child, episode)
        self._write_reviews(record, child, dob)
        self._write_check(record, child, dob)
        self._write_permanence(record, child, dob)
        self._write_incidents(record, child, dob)
        if "social_worker" in self._files:
            self._write_allocations(record, child, dob)

    def _sex(self, child: Child) -> str:
        if self._year >= LETTERS_FOR_SEX_SINCE:
            return "M" if child.male else "F"
        return "1" if child.male else "2"

    def _write_header(self, record: CareRecord, child: str, dob: str) -> None:
        sex, upn = self._sex(record.child), record.child.upn
        if add_years(record.child.birth, 4) > self._last:
            upn = "UN1"
        elif record.life.unaccompanied:
            upn = "UN2"
        mother = record.mother_of is not None and record.mother_of <= self._last
        born = british(record.mother_of) if mother and record.mother_of is not None else ""
        self._row("header", child, sex, dob, record.child.ethnicity, upn, "1" if mother else "", born)
        if record.life.unaccompanied and any(e.end >= self._first for e in record.episodes):
            self._row("uasc", child, sex, dob, _day_until(add_years(record.child.birth, 18), self._last))

    def _write_episode(self, record: CareRecord, child: str, episode: Episode) -> None:
        place = episode.place
        code = "K3" if place.code == SUPPORTED and self._year >= SUPPORTED_IS_K3_SINCE else place.code
        ended = episode.end <= self._last
        self._row(
            "episodes",
            *(child, british(episode.start), episode.start_reason, episode.legal_status, record.need_code, code),
            *(place.provider, _day_until(episode.end, self._last), episode.end_reason if ended else ""),
            *(episode.move_reason if ended else "", record.home_postcode, place.postcode, place.urn),
        )

    def _write_reviews(self, record: CareRecord, child: str, dob: str) -> None:
        for day, code in record.reviews:
            if self._first <= day <= self._last:
                self._row("reviews", child, dob, british(day), code)

    def _write_check(self, record: CareRecord, child: str, dob: str) -> None:
        check = record.checks.get(self._year)
        if check is None:
            return
        score = "" if check.sdq_score is None else str(check.sdq_score)
        self._row(
            "oc2",
            *(child, dob, score, check.sdq_reason, _flag(check.convicted), _flag(check.health_check)),
            *(_flag(check.immunisations), _flag(check.teeth_check), _flag(check.health_assessment)),
            *(_flag(check.substance_misuse), _flag(check.intervention_received), _flag(check.intervention_offered)),
        )

    def _write_permanence(self, record: CareRecord, child: str, dob: str) -> None:
        for end, adoption in record.adoptions.items():
            dates = adoption.dates
            if self._first <= end <= self._last:
                self._row(
                    "ad1",
                    *(child, dob, british(dates.decided), british(dates.matched), _flag(dates.by_foster_carer)),
                    *("1" if "1" in adoption.adopters else "2", adoption.adopters, adoption.legal_status),
                )
            if dates.decided <= self._last and end >= self._first:
                self._row("placed_for_adoption", child, dob, british(dates.decided), "", "")
        if any(self._first <= period.start <= self._last for period in record.life.periods):
            self._row("previous_permanence", child, dob, record.previous_permanence, "", "")

    def _write_incidents(self, record: CareRecord, child: str, dob: str) -> None:
        for incident in record.incidents:
            if incident.start <= self._last and incident.end >= self._first:
                ended = _day_until(incident.end, self._last)
                self._row("missing", child, dob, incident.kind, british(incident.start), ended)

    def _write_allocations(self, record: CareRecord, child: str, dob: str) -> None:
        for allocation in record.allocations:
            if allocation.start <= self._last and allocation.end >= self._first:
                ended = _day_until(allocation.end, self._last)
                reason = allocation.reason if ended else ""
                self._row("social_worker", child, dob, allocation.worker, british(allocation.start), ended, reason)
