"""What a yearly collection costs a child, in every table that a decision about a programme needs.

Arithmetic on rho alone (`frameworks.programme`): no store is opened and no data are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from coordinator.collections import CompiledCollection
from coordinator.data import current_councils
from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.exposure import Exposure, exposures
from frameworks.programme import (
    CHILDHOOD,
    DELTAS,
    ColluderRow,
    LifetimeRow,
    MoverRow,
    ProgrammeRow,
    ReleaseCharge,
    SiblingRow,
    SplitRow,
    colluder_table,
    full_charge,
    lifetime_table,
    mover_table,
    programme_table,
    release_charge,
    sibling_table,
    split_table,
)
from frameworks.shares import Groups

IN_CARE = 18
"""Yearly releases that may count a child who is looked after from birth to adulthood."""

_COLLUDING = (0, 1, 3, 5, 15, 30, 52)
"""52 of 153 councils is the most that the masks of a round withstand (privacy reference 5.3)."""

_MAX_DROPPED = 3


@dataclass(frozen=True)
class Colluders:
    """What councils of one group could learn by putting their noise together, of a secure release.

    `release` is "" where the whole year is taken for one such release.
    """

    release: str
    groups: Groups
    councils: int
    max_dropped: int
    max_colluding: int
    rows: tuple[ColluderRow, ...]


@dataclass(frozen=True)
class ReleaseExposures:
    """What one release could tell about one child (at the delta of `frameworks.exposure`)."""

    release: str
    exposures: tuple[Exposure, ...]


@dataclass(frozen=True)
class PrivacyTables:
    """All tables for one yearly cost. `collection` is "", and `children` empty, where no collection was given.

    `deltas` are those of the epsilons of `programme`, in order; every other epsilon is at `delta`.
    """

    collection: str
    rho_units: int
    epsilon: float
    delta: float
    children: tuple[ReleaseExposures, ...]
    deltas: tuple[float, ...]
    programme: tuple[ProgrammeRow, ...]
    lifetime: tuple[LifetimeRow, ...]
    siblings: tuple[SiblingRow, ...]
    movers: tuple[MoverRow, ...]
    colluders: tuple[Colluders, ...]
    provisional_and_final: tuple[SplitRow, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values: rho as a number, rounded in no table."""
        ready: dict[str, Any] = _json_ready(asdict(self))
        return ready


def _json_ready(value: Any) -> Any:
    match value:
        case {"rho_units": int(units), **rest}:
            return {"rho": units / UNITS_PER_RHO, **_json_ready(rest)}
        case dict():
            return {key: _json_ready(one) for key, one in value.items()}
        case list() | tuple():
            return [_json_ready(one) for one in value]
        case Fraction():
            return float(value)
        case _:
            return value


def _colluders(
    release: str,
    rho_units: int,
    delta: float,
    groups: Groups,
    councils: int,
    max_dropped: int = _MAX_DROPPED,
    max_colluding: int = 0,
) -> Colluders:
    surely_heard = councils - max_dropped
    numbers = sorted({one for one in (*_COLLUDING, max_colluding) if one < surely_heard} | {surely_heard - 1})
    rows = colluder_table(rho_units, delta, councils, max_dropped, numbers, max_colluding)
    return Colluders(release, groups, councils, max_dropped, max_colluding, rows)


def _smallest_region(max_dropped: int = _MAX_DROPPED, max_colluding: int = 0) -> int:
    """The councils of the smallest region in which an honest share is sure to be left."""
    sizes = Counter(council.region_code for council in current_councils().values()).values()
    return min(size for size in sizes if size > max_dropped + max_colluding)


def tables_of_cost(rho_units: int, delta: float) -> PrivacyTables:
    """The tables for a year of `rho_units`, spent as the hybrid plan spends it.

    Half for councils' headlines, a quarter each for England's and the regions' tables (privacy reference 6.5).
    """
    quarter = rho_units // 4
    charges = (
        full_charge(rho_units - 2 * quarter, None),
        full_charge(quarter, "england"),
        full_charge(quarter, "regions"),
    )
    colluders = (
        _colluders("", rho_units, delta, "england", len(current_councils())),
        _colluders("", rho_units, delta, "regions", _smallest_region()),
    )
    return _tables("", rho_units, delta, charges, colluders, ())


def tables_of_collection(compiled: CompiledCollection, delta: float) -> PrivacyTables:
    """The tables for a collection that is repeated every year."""
    colluders = tuple(
        _colluders(
            plan.release_id,
            plan.rho_units,
            delta,
            secure.groups,
            secure.largest_group
            if secure.groups == "england"
            else _smallest_region(secure.max_dropped, secure.max_colluding),
            secure.max_dropped,
            secure.max_colluding,
        )
        for plan in compiled.plans
        if (secure := plan.secure) is not None
    )
    children = tuple(ReleaseExposures(plan.release_id, exposures(compiled.framework, plan)) for plan in compiled.plans)
    charges = [release_charge(compiled.framework, plan) for plan in compiled.plans]
    rho_units = sum(plan.rho_units for plan in compiled.plans)
    return _tables(compiled.collection.id, rho_units, delta, charges, colluders, children)


def _tables(
    collection: str,
    rho_units: int,
    delta: float,
    charges: Sequence[ReleaseCharge],
    colluders: tuple[Colluders, ...],
    children: tuple[ReleaseExposures, ...],
) -> PrivacyTables:
    deltas = tuple(sorted({*DELTAS, delta}, reverse=True))
    return PrivacyTables(
        collection=collection,
        rho_units=rho_units,
        epsilon=epsilon_from_rho(rho_units / UNITS_PER_RHO, delta),
        delta=delta,
        children=children,
        deltas=deltas,
        programme=programme_table(rho_units, deltas),
        lifetime=(*lifetime_table(delta, CHILDHOOD), *lifetime_table(delta, IN_CARE)),
        siblings=sibling_table(rho_units, delta),
        movers=mover_table(charges, delta),
        colluders=colluders,
        provisional_and_final=split_table(rho_units, delta),
    )
