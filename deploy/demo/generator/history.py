"""The history of one child as a council knows it: every file of a council is a view of the same histories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from deploy.demo.generator.care_history import CareLife
from deploy.demo.generator.care_outcomes import Allocation, CareLeaver, Incident, OutcomeCheck
from deploy.demo.generator.case_detail import CaseDetail
from deploy.demo.generator.child import Child
from deploy.demo.generator.episodes import AdoptionDates, Episode
from deploy.demo.generator.need_history import Case


@dataclass(frozen=True, slots=True)
class Adoption:
    """The dates of an adoption, and who adopts."""

    dates: AdoptionDates
    adopters: str
    legal_status: str


@dataclass(frozen=True, slots=True)
class CareRecord:
    """All that is recorded of a looked-after child, over its whole time in care."""

    child: Child
    life: CareLife
    need_code: str
    home_postcode: str
    mother_of: int | None
    previous_permanence: str
    episodes: Sequence[Episode]
    adoptions: Mapping[int, Adoption]
    checks: Mapping[int, OutcomeCheck]
    care_leaver_years: Mapping[int, CareLeaver]
    incidents: Sequence[Incident]
    allocations: Sequence[Allocation]
    reviews: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class History:
    """A child with its cases of need, and its record in care if it is ever looked after."""

    child: Child
    cases: Sequence[tuple[Case, CaseDetail]]
    care: CareRecord | None = None


class HistoryWriter(Protocol):
    """Something that takes histories, one after the other, and writes what its files or tables hold of them."""

    def write(self, history: History) -> None:
        """Writes what it holds of a child; nothing for a child it does not have."""
