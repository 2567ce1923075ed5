"""A council's histories as the tables of a warehouse, the Standard Safeguarding Dataset, as they stand on the last day
of the years."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.demo.generator.care_outcomes import Allocation
from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.days import add_years, midnight, year_end, year_start
from deploy.demo.generator.families import Families
from deploy.demo.generator.history import History
from deploy.demo.generator.population import write_histories
from deploy.demo.generator.ssd_care_rows import care_rows, professional_id
from deploy.demo.generator.ssd_deployments import SPECIFICATION, Deployment
from deploy.demo.generator.ssd_need_rows import case_rows
from deploy.demo.generator.ssd_outcome_rows import outcome_rows, voice_rows
from deploy.demo.generator.ssd_tables import TableRows, Value

Sink = Callable[[str, Mapping[str, Value]], None]
"""Takes the name of a table and one of its rows, with every column of the deployment in order."""


class SsdWriter:
    """Hands the rows of one history after the other to a sink."""

    def __init__(self, la_code: str, years: Sequence[int], deployment: Deployment, sink: Sink, seed: int | str) -> None:
        self._first, self._last = year_start(years[0]), year_end(years[-1])
        self._year = years[-1]
        self._deployment = deployment
        self._tables = frozenset(deployment.tables)
        self._sink = sink
        self._chance = random.Random(f"{seed} {la_code} ssd")
        self._seed = f"{seed} {la_code}"
        self._families = Families(self._seed)
        self._workers: set[str] = set()

    def write(self, history: History) -> None:
        """Hands over the rows of a child; none for a child whose cases and care were over before the years."""
        family = self._families.family_of(history.child)
        rows = [*self._held(history)]
        if not rows:
            return
        for table, row in (*self._person(history, family), *rows):
            if table in self._tables:
                self._sink(table, self._deployment.row(table, row))

    def _held(self, history: History) -> TableRows:
        for number, (case, detail) in enumerate(history.cases):
            if case.referral <= self._last and not (case.no_further_action and case.referral < self._first):
                yield from case_rows(history.child.child_id, number, case, detail, self._last)
        record = history.care
        if record is not None:
            yield from care_rows(history, record, self._first, self._last)
            yield from outcome_rows(self._chance, record)
            yield from self._new_workers(record.allocations)
        yield from voice_rows(self._seed, history, self._year)

    def _person(self, history: History, family: str) -> TableRows:
        child = history.child
        born, at_school = child.birth <= self._last, add_years(child.birth, 4) <= self._last
        mother = history.care is not None and (history.care.mother_of or self._last + 1) <= self._last
        sex = "M" if child.male else "F"
        yield (
            "ssd_person",
            {
                "pers_person_id": child.child_id,
                "pers_legacy_id": child.child_id,
                "pers_sex": sex if born else "U",
                "pers_gender": sex if born else "U",
                "pers_ethnicity": child.ethnicity if born else "NOBT",
                "pers_dob": midnight(child.birth) if born else None,
                "pers_expected_dob": None if born else midnight(child.birth),
                "pers_upn": child.upn if at_school else None,
                "pers_upn_unknown": None if at_school else "UN1",
                "pers_is_mother": "Y" if mother else "N",
            },
        )
        if at_school:
            yield (
                "ssd_linked_identifiers",
                {
                    "link_table_id": child.child_id,
                    "link_person_id": child.child_id,
                    "link_identifier_type": "Unique Pupil Number",
                    "link_identifier_value": child.upn,
                },
            )
        yield (
            "ssd_family",
            {
                "fami_table_id": child.child_id,
                "fami_family_id": family,
                "fami_person_id": child.child_id,
            },
        )
        for code in child.disabilities:
            yield (
                "ssd_disability",
                {
                    "disa_person_id": child.child_id,
                    "disa_table_id": f"{child.child_id}{code}",
                    "disa_disability_code": code,
                },
            )

    def _new_workers(self, allocations: Sequence[Allocation]) -> TableRows:
        for allocation in allocations:
            if allocation.worker not in self._workers:
                self._workers.add(allocation.worker)
                yield (
                    "ssd_professionals",
                    {
                        "prof_professional_id": professional_id(allocation.worker),
                        "prof_staff_id": professional_id(allocation.worker),
                        "prof_social_worker_registration_no": allocation.worker,
                        "prof_professional_job_title": "Social Worker",
                        "prof_agency_worker_flag": "N",
                    },
                )


def write_ssd(
    council: Council,
    years: Sequence[int],
    sink: Sink,
    *,
    deployment: Deployment = SPECIFICATION,
    scale: float = 1,
    seed: int | str = 0,
) -> None:
    """Hands the rows of every table to a sink, for the same children as `write_returns` with the same arguments.

    A row that refers to another may come before it. Raises ValueError for no years, or years with a gap.
    """
    write_histories(council, years, [SsdWriter(council.la_code, years, deployment, sink, seed)], scale=scale, seed=seed)


@contextmanager
def ssd_files(folder: Path, deployment: Deployment) -> Iterator[Sink]:
    """A sink into `<folder>/<table>.csv`, one file for every table of a deployment, empty ones included."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        files = {}
        for table, columns in deployment.tables.items():
            file = stack.enter_context((folder / f"{table}.csv").open("w", encoding="utf-8", newline=""))
            files[table] = csv.writer(file, lineterminator="\r\n")
            files[table].writerow(columns)

        def write(table: str, row: Mapping[str, Value]) -> None:
            files[table].writerow(row.values())

        yield write
