"""Opened sums as estimates take them: in the plan's own units, with the councils that are in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coordinator.data import current_councils
from coordinator.errors import StorageFailed
from coordinator.records import GroupSum, StoredSummary
from coordinator.rounds.reader import Reader
from coordinator.rounds.records import OpenedCell, OpenedRound, RoundBook
from coordinator.rounds.standing import opened_round
from frameworks.plan import ReleasePlan


def opened_rounds(book: RoundBook, release_names: Sequence[str]) -> tuple[OpenedRound, ...]:
    """What the published rounds of these releases revealed; a release has one at most. Names are the protocol's."""
    reader = Reader()
    found = (opened_round(book, reader, record) for name in release_names for record in book.rounds_of(name))
    return tuple(opened for opened in found if opened is not None)


def running_releases(book: RoundBook, release_names: Sequence[str]) -> tuple[str, ...]:
    """Those of the releases that a round is still under way for."""
    return tuple(name for name in release_names if any(not record.phase.ended for record in book.rounds_of(name)))


def release_name(collection_id: str, release_id: str) -> str:
    """What the protocol calls its collection_id: a release of a collection of ours (reference decision 1)."""
    return f"{collection_id}/{release_id}"


def opened_sums(
    rounds: Sequence[OpenedRound], plans: Sequence[ReleasePlan], summaries: Sequence[StoredSummary]
) -> tuple[GroupSum, ...]:
    """The sums of the groups that were released, by the plans of their releases.

    A council's declared files are those of its summaries in the same collection, none where it sent none: a round says
    who took part, and nothing more. Raises StorageFailed for a sum that was not made by its release's plan.
    """
    by_name = {release_name(plan.collection_id, plan.release_id): plan for plan in plans}
    declared: dict[str, frozenset[str]] = {}
    for summary in summaries:
        code = summary.council_code
        declared[code] = declared.get(code, frozenset()) | summary.declared_files
    return tuple(
        _group_sum(cell, plan, declared, opened.round_id)
        for opened, plan in ((opened, _plan_of(opened, by_name)) for opened in rounds)
        for cell in opened.cells
    )


def _plan_of(opened: OpenedRound, by_name: Mapping[str, ReleasePlan]) -> ReleasePlan:
    plan = by_name.get(opened.collection_id)
    if plan is None or plan.secure is None or plan.plan_hash != opened.plan_hash:
        raise StorageFailed(
            f"A sum of {opened.collection_id} was not made by the plan of that release.",
            "Restore the database from its last backup, and publish with the version that announced the round.",
        )
    return plan


def _group_sum(
    cell: OpenedCell, plan: ReleasePlan, declared: Mapping[str, frozenset[str]], round_id: bytes
) -> GroupSum:
    secure = plan.secure
    assert secure is not None
    code_of = {council.ons_code: council.code for council in current_councils().values()}
    try:
        councils = tuple(sorted(code_of[node_id] for node_id in cell.survivors))
    except KeyError as error:
        raise StorageFailed(
            f"A sum of {plan.release_id} is of a node that is none of England's councils.",
            "Correct coordinator/data/councils.csv, or the epoch that named the node.",
        ) from error
    shares = secure.honest_shares(len(cell.survivors) + len(cell.dropped))
    return GroupSum(
        collection_id=plan.collection_id,
        release_id=plan.release_id,
        group_code=cell.cell_id,
        councils=councils,
        # The grid is a power of two, so that nothing is rounded.
        values=tuple(value / secure.grid for value in cell.values),
        noise_ratio=len(cell.survivors) / shares,
        declared_files=tuple(declared.get(code, frozenset()) for code in councils),
        round_id=round_id.hex(),
    )
