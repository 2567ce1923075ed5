"""What a release costs the worst child, from what each of its blocks would cost were it moved as far as one child can.

rho = 1/2 max over feasible children of the sum over blocks of what the child moves, squared, over sigma squared, under
add/remove of one child's whole record set (privacy reference 3.3). The maximum is taken over the weighted sum: the
child that moves most numbers need not be the dearest. A child of one source has one age, enforced by the node, so
cohorts that admit different ages exclude each other; ids of two sources are not linked, so sources add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from frameworks.blocks import Statistic
from frameworks.model import Cohort, Source


def cohort_admits(cohort: Cohort, age: int | None) -> bool:
    """Whether a child of that age (None: unknown) can be in the cohort."""
    return cohort.ages is None or (age is not None and cohort.ages[0] <= age <= cohort.ages[1])


def ages_that_differ(cohorts: Iterable[Cohort]) -> set[int | None]:
    """Ages enough to find the worst: whatever cohorts admit a child of some age, one of these is in all of them."""
    return {None, *(age for cohort in cohorts for age in cohort.ages or ())}


def quarters_flipped(statistic: Statistic) -> int:
    """What a family that changes its outcome costs a block, in quarters of the cost of its whole sensitivity.

    The two counts of a histogram move by 1 each: half of the square of the sensitivity, which is 2.
    """
    return {Statistic.TOTAL: 0, Statistic.HISTOGRAM: 2}.get(statistic, 4)


def cohort_price(cohort: Cohort, prices: Iterable[tuple[Statistic, Fraction]]) -> Fraction:
    """The most a child in a cohort meets, given what each block would cost were it moved by its whole sensitivity."""
    listed = list(prices)
    if cohort.source is not Source.FAMILIES:
        return sum((price for _, price in listed), Fraction(0))
    flipped = sum((price * quarters_flipped(statistic) for statistic, price in listed), Fraction(0))
    appeared = sum((price * (4 if statistic is Statistic.TOTAL else 1) for statistic, price in listed), Fraction(0))
    return max(flipped, appeared) / 4


def worst_child(priced: Iterable[tuple[Cohort, Statistic, Fraction]]) -> Fraction:
    """The largest total price a feasible child can meet: over ages within a source, summed over sources.

    `priced` lists blocks, each with what it would cost were it moved by its whole sensitivity.
    """
    cohorts: dict[str, Cohort] = {}
    blocks: dict[str, list[tuple[Statistic, Fraction]]] = {}
    for cohort, statistic, price in priced:
        cohorts[cohort.id] = cohort
        blocks.setdefault(cohort.id, []).append((statistic, price))
    prices = [(cohort, cohort_price(cohort, blocks[cohort.id])) for cohort in cohorts.values()]
    ages = ages_that_differ(cohorts.values())
    return sum(
        (
            max(
                sum(
                    (price for cohort, price in prices if cohort.source is source and cohort_admits(cohort, age)),
                    Fraction(0),
                )
                for age in ages
            )
            for source in {cohort.source for cohort in cohorts.values()}
        ),
        Fraction(0),
    )
