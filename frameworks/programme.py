"""What a yearly release adds up to, in tables for people who decide: years, siblings, movers, colluders, revisions.

All follow from rho, which adds up. rho is in ledger units of 1e-12, rounded up where it is a cost and down where it is
a limit; epsilon is the conversion of `frameworks.accounting` at a stated delta. Privacy reference 3.4 and 5.3.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from frameworks.accounting import (
    UNITS_PER_RHO,
    epsilon_from_rho,
    gaussian_epsilon,
    rho_from_epsilon,
    rho_units_down,
)
from frameworks.exposure import two_councils_rho_units
from frameworks.model import Framework
from frameworks.plan import ReleasePlan
from frameworks.shares import Groups

DELTAS = (1e-6, 1e-7, 1e-8, 1e-10)
"""Where epsilon is shown. rho does not depend on delta: it is a choice of how to report."""

RELEASES = (1, 2, 5, 10, 18, 26, 36)
CHILDHOOD = 26
"""Yearly releases that may count one child: from unborn children in the census of children in need to care leavers of
25. Of a child looked after from birth to 18 it is 18."""

LIFETIME_EPSILONS = (1.0, 2.0, 4.0, 8.0)
SIBLINGS = (2, 3, 4)


def _epsilon(rho_units: int, delta: float) -> float:
    return epsilon_from_rho(rho_units / UNITS_PER_RHO, delta)


@dataclass(frozen=True)
class ProgrammeRow:
    """What a child in so many releases pays in all, with epsilon at each of the deltas asked for, in their order.

    `gaussian_epsilons` are the tighter figures of `frameworks.accounting.gaussian_epsilon`, for display only.
    """

    releases: int
    rho_units: int
    epsilons: tuple[float, ...]
    gaussian_epsilons: tuple[float, ...]


def programme_table(
    rho_units: int, deltas: Sequence[float] = DELTAS, releases: Sequence[int] = RELEASES
) -> tuple[ProgrammeRow, ...]:
    """What releases of `rho_units` each add up to for a child who is in all of them."""
    return tuple(
        ProgrammeRow(
            number,
            number * rho_units,
            tuple(_epsilon(number * rho_units, delta) for delta in deltas),
            tuple(gaussian_epsilon(number * rho_units / UNITS_PER_RHO, delta) for delta in deltas),
        )
        for number in releases
    )


@dataclass(frozen=True)
class LifetimeRow:
    """What each of `releases` may cost so that all of them together stay within `lifetime_epsilon`."""

    lifetime_epsilon: float
    releases: int
    rho_units: int
    epsilon: float


def lifetime_table(
    delta: float, releases: int = CHILDHOOD, lifetime_epsilons: Sequence[float] = LIFETIME_EPSILONS
) -> tuple[LifetimeRow, ...]:
    """The yearly cost, rounded down, that limits for life allow at `delta`."""
    rows = []
    for lifetime in lifetime_epsilons:
        rho_units = rho_units_down(rho_from_epsilon(lifetime, delta)) // releases
        rows.append(LifetimeRow(lifetime, releases, rho_units, _epsilon(rho_units, delta)))
    return tuple(rows)


@dataclass(frozen=True)
class SiblingRow:
    """What a release could tell about `siblings` children who are alike in everything, taken together."""

    siblings: int
    rho_units: int
    epsilon: float


def sibling_table(rho_units: int, delta: float, siblings: Sequence[int] = SIBLINGS) -> tuple[SiblingRow, ...]:
    """k children who are alike move every sum k times as far, which costs k squared.

    So does one person recorded under k ids. The unit that is protected is one child id.
    """
    return tuple(
        SiblingRow(number, number**2 * rho_units, _epsilon(number**2 * rho_units, delta)) for number in siblings
    )


@dataclass(frozen=True)
class ReleaseCharge:
    """What decides the cost of a release for a child whom two councils count.

    `groups` says over whose sums the noise is: each council's own (None, mode council), each region's, or England's.
    The child costs `apart_rho_units` where the two councils' noise is not the same, `together_rho_units` in one sum.
    """

    groups: Groups | None
    apart_rho_units: int
    together_rho_units: int


def full_charge(rho_units: int, groups: Groups | None) -> ReleaseCharge:
    """The most a release of that cost can be charged: both councils count the child in every cohort and cell.

    Two releases add up; in one sum the child moves twice as far, which costs four times.
    """
    return ReleaseCharge(groups, 2 * rho_units, 4 * rho_units)


def release_charge(framework: Framework, plan: ReleasePlan) -> ReleaseCharge:
    """The charge of a compiled release, in which only some cohorts may count a child twice."""
    apart, together = (two_councils_rho_units(framework, plan, in_one_sum=one) for one in (False, True))
    return ReleaseCharge(None if plan.secure is None else plan.secure.groups, apart, together)


@dataclass(frozen=True)
class MoverRow:
    """What a collection costs a child whom two councils count, of one region or of two."""

    same_region: bool
    rho_units: int
    epsilon: float


def mover_table(charges: Iterable[ReleaseCharge], delta: float) -> tuple[MoverRow, ...]:
    """Two councils of one region, then of two regions. Each council's own ledger covers what that council released."""
    listed = list(charges)
    rows = []
    for same_region in (True, False):
        in_one_sum = {"england"} | ({"regions"} if same_region else set())
        rho_units = sum(one.together_rho_units if one.groups in in_one_sum else one.apart_rho_units for one in listed)
        rows.append(MoverRow(same_region, rho_units, _epsilon(rho_units, delta)))
    return tuple(rows)


@dataclass(frozen=True)
class ColluderRow:
    """What a secure sum could tell those of its councils who put their own noise together, `colluding` of them.

    `noise_ratio` is what it would take to protect against so many: the standard deviation of the noise, if every
    council is heard, over that of one trusted curator.
    """

    colluding: int
    rho_units: int
    epsilon: float
    noise_ratio: float


def colluder_table(
    rho_units: int, delta: float, roster: int, max_dropped: int, colluding: Sequence[int], max_colluding: int = 0
) -> tuple[ColluderRow, ...]:
    """Who knows its own share of the noise is not held up by it: the noise of the others protects alone.

    The shares were computed for roster - max_dropped - max_colluding councils to cost `rho_units`; of the councils that
    are surely heard, roster - max_dropped, those that do not collude remain. Raises ValueError where nobody would.
    """
    planned = roster - max_dropped - max_colluding
    if planned < 1:
        raise ValueError("somebody must not collude")
    rows = []
    for number in colluding:
        honest = roster - max_dropped - number
        if honest < 1:
            raise ValueError("somebody must not collude")
        met = math.ceil(Fraction(rho_units * planned, honest))
        rows.append(ColluderRow(number, met, _epsilon(met, delta), math.sqrt(roster / honest)))
    return tuple(rows)


@dataclass(frozen=True)
class SplitRow:
    """A figure of a provisional and a final release that share one cost.

    `noise_ratio` is the standard deviation of its noise over that of a single release at the whole cost, and `revised`
    how much of a revision between the two it shows.
    """

    figure: str
    rho_units: int
    epsilon: float
    noise_ratio: float
    revised: Fraction


def split_table(rho_units: int, delta: float, provisional: Fraction = Fraction(1, 5)) -> tuple[SplitRow, ...]:
    """The provisional figure, the final one, and the two combined by inverse variance, which costs nothing more.

    Precision is in proportion to rho, so the combination has the noise of a single release. Its weights are the shares:
    where records were revised it shows the final release's share of the revision. Raises ValueError where one of the
    two would cost nothing.
    """
    first = math.floor(rho_units * provisional)
    if not 0 < first < rho_units:
        raise ValueError("both releases cost something")
    costs = {"provisional": first, "final": rho_units - first, "combined": rho_units}
    revised = {"provisional": Fraction(0), "final": Fraction(1), "combined": Fraction(rho_units - first, rho_units)}
    return tuple(
        SplitRow(figure, cost, _epsilon(cost, delta), math.sqrt(rho_units / cost), revised[figure])
        for figure, cost in costs.items()
    )
