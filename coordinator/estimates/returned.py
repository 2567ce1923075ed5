"""What councils sent, each vector read into tables, and the councils whose children are in each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from coordinator.data import ENGLAND, current_councils, regions
from coordinator.errors import StorageFailed, UnknownCouncil
from coordinator.estimates.cells import Column, Table, columns, read_vector
from coordinator.estimates.sums import NoisySum
from coordinator.records import GroupSum, StoredSummary
from frameworks.availability import missing_files
from frameworks.blocks import Block, Statistic
from frameworks.collection import Collection
from frameworks.model import Framework
from frameworks.plan import ReleasePlan


@dataclass(frozen=True)
class Answers:
    """All that came for a collection: summaries of its releases in mode council, opened sums of those in secure."""

    collection: Collection
    plans: tuple[ReleasePlan, ...]
    summaries: tuple[StoredSummary, ...] = ()
    sums: tuple[GroupSum, ...] = ()


@dataclass(frozen=True)
class Member:
    """A council with the files it declared: with other files it may have counted other children."""

    code: str
    files: frozenset[str]


Councils = frozenset[Member]


@dataclass(frozen=True)
class Vector:
    """A noised vector, read: of one council (`area` is its code), or of a group's sum (the code of its region, or
    England's). `is_earlier` says that it answers an earlier collection, whose data have been revised since."""

    area: str
    councils: Councils
    plan: ReleasePlan
    tables: Mapping[tuple[Column, str], Table]
    noise_ratio: float
    is_earlier: bool


@dataclass
class _Measurements:
    """What was measured of a column in an area, for one set of councils: totals by any table, tables by breakdown."""

    totals: list[NoisySum] = field(default_factory=list)
    tables: dict[str, list[Table]] = field(default_factory=dict)


class Returned:
    """The vectors of a collection, and of earlier ones over the same returns.

    Raises UnknownCouncil for a council that is not one of the current ones, and StorageFailed for a summary or a sum
    that does not fit the plans of its collection.
    """

    def __init__(self, framework: Framework, current: Answers, earlier: Sequence[Answers] = ()) -> None:
        self._framework = framework
        self._cohort_of = {indicator.id: indicator.cohort for indicator in framework.indicators}
        self._able: dict[tuple[str, Member], bool] = {}
        self._counted: dict[tuple[str, ...], Councils] = {}
        self.vectors = tuple(
            vector for answers in (current, *earlier) for vector in _vectors(answers, is_earlier=answers is not current)
        )
        self._measured: dict[tuple[Column, str, Councils], _Measurements] = {}
        for vector in self.vectors:
            self._enter(vector)

    @property
    def councils(self) -> frozenset[str]:
        """The councils whose answer to at least one release of the collection is there."""
        return frozenset(member.code for vector in self.vectors if not vector.is_earlier for member in vector.councils)

    def counted(self, vector: Vector, block: Block) -> Councils:
        """The councils of a vector that declared what the block needs: the files of its indicator, of every indicator
        of a set in one histogram, and for totals of any of those that share them.

        A council that did not sends noise around nothing in its place, which says nothing of it.
        """
        plan = vector.plan
        key = (plan.collection_id, plan.release_id, vector.area, block.cohort, block.indicator)
        if key not in self._counted:
            of_cohort = block.statistic is Statistic.TOTAL
            needed = (
                [name for name in plan.indicators if self._cohort_of[name] == block.cohort]
                if of_cohort
                else [name for name in (block.indicator, *block.categories) if name in plan.indicators]
            )
            enough = any if of_cohort else all
            self._counted[key] = frozenset(
                member for member in vector.councils if enough(self._declared(name, plan, member) for name in needed)
            )
        return self._counted[key]

    def declaring(self, vector: Vector, indicator_id: str) -> Councils:
        """The councils of a vector that declared what an indicator needs."""
        return frozenset(m for m in vector.councils if self._declared(indicator_id, vector.plan, m))

    def totals(self, column: Column, area: str, councils: Councils) -> tuple[NoisySum, ...]:
        """Every measurement of the column's sum over just these councils, overall and by each breakdown's table."""
        found = self._measured.get((column, area, councils))
        return tuple(found.totals) if found else ()

    def deviations(
        self, column: Column, breakdown: str, level: int, area: str, councils: Councils
    ) -> tuple[NoisySum, ...]:
        """Every measurement of how far a level stands from the mean level, for just these councils."""
        found = self._measured.get((column, area, councils))
        return tuple(table.deviations[level] for table in found.tables.get(breakdown, ())) if found else ()

    def _declared(self, indicator_id: str, plan: ReleasePlan, member: Member) -> bool:
        key = (indicator_id, member)
        if key not in self._able:
            self._able[key] = not missing_files(self._framework, indicator_id, plan.reference_year, member.files)
        return self._able[key]

    def _enter(self, vector: Vector) -> None:
        for block in vector.plan.blocks:
            councils = self.counted(vector, block)
            for column in columns(block) if councils else ():
                table = vector.tables[column, block.breakdown]
                measured = self._measured.setdefault((column, vector.area, councils), _Measurements())
                measured.totals.append(table.total)
                measured.tables.setdefault(block.breakdown, []).append(table)


def _vectors(answers: Answers, *, is_earlier: bool) -> Iterator[Vector]:
    plan_of = {plan.release_id: plan for plan in answers.plans}
    seen: set[tuple[str, str]] = set()
    year = answers.collection.reference_year

    def read(sent: StoredSummary | GroupSum, area: str, mode: str, councils: Councils, noise_ratio: float) -> Vector:
        plan, key = plan_of[sent.release_id], (sent.release_id, area)
        if sent.collection_id != answers.collection.id or plan.mode != mode or key in seen:
            raise ValueError("not the one answer to a release of this collection")
        seen.add(key)
        return Vector(area, councils, plan, read_vector(plan, sent.values, noise_ratio), noise_ratio, is_earlier)

    for summary in sorted(answers.summaries, key=lambda summary: (summary.release_id, summary.council_code)):
        _check_known(summary.council_code)
        try:
            member = _member(summary.council_code, summary.declared_files, year)
            yield read(summary, member.code, "council", frozenset([member]), 1.0)
        except (KeyError, ValueError) as error:
            raise StorageFailed(
                f"The summary of council {summary.council_code} for {summary.release_id} does not fit the "
                f"releases of {answers.collection.id}.",
                "Restore the database from its last backup; intake never stores such a summary.",
            ) from error
    for opened in sorted(answers.sums, key=lambda opened: (opened.release_id, opened.group_code)):
        for code in opened.councils:
            _check_known(code)
        try:
            councils = _members_of_group(opened, year)
            yield read(opened, opened.group_code, "secure", councils, opened.noise_ratio)
        except (KeyError, ValueError) as error:
            raise StorageFailed(
                f"The sum of group {opened.group_code} for {opened.release_id} does not fit the releases of "
                f"{answers.collection.id}.",
                "Restore the database from its last backup; no round stores such a sum.",
            ) from error


def _check_known(code: str) -> None:
    if code not in current_councils():
        raise UnknownCouncil(
            f"An answer is from council {code}, which is not one of England's {len(current_councils())} councils.",
            "Correct coordinator/data/councils.csv, or publish without that council's answer.",
        )


def _member(code: str, files: frozenset[str], year: int) -> Member:
    """The council with its files up to the reference year: later ones are not read."""
    return Member(code, frozenset(file for file in files if int(file.rpartition("@")[2]) <= year))


def _members_of_group(opened: GroupSum, year: int) -> Councils:
    councils = current_councils()
    if opened.group_code != ENGLAND and opened.group_code not in regions():
        raise ValueError("not England or a region")
    if len(set(opened.councils)) != len(opened.councils) or not opened.noise_ratio > 0:
        raise ValueError("councils that stand twice, or no noise")
    if any(opened.group_code not in (ENGLAND, councils[code].region_code) for code in opened.councils):
        raise ValueError("a council of another region")
    pairs = zip(opened.councils, opened.declared_files, strict=True)
    return frozenset(_member(code, files, year) for code, files in pairs)
