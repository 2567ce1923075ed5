"""How many children a cohort has, as far as published figures say: known before any data are opened."""

from __future__ import annotations

from collections.abc import Mapping

from coordinator.data import Population, current_councils, regions
from frameworks.model import Framework, Indicator, Kind


def published_size(indicator: Indicator) -> int | None:
    """How many children, events or families England has in the indicator's cohort, as its published value says."""
    england = indicator.england
    if england is None:
        return None
    if indicator.kind is Kind.COUNT:
        return england.numerator or (int(england.value) if indicator.rate_per is None else None)
    return england.denominator if indicator.kind in (Kind.PERCENT, Kind.MEAN, Kind.HISTOGRAM) else None


def england_sizes(framework: Framework) -> dict[str, int]:
    """England's size of every cohort for which one of its indicators has it published, by cohort id."""
    sizes: dict[str, int] = {}
    for indicator in framework.indicators:
        size = published_size(indicator)
        if size:
            sizes[indicator.cohort] = max(size, sizes.get(indicator.cohort, 0))
    return sizes


def population_shares(population: Population) -> Mapping[str, float]:
    """The share of England's children who live in each region and council, by code: what a size is divided by."""
    children = population.children
    total = sum(children[code] for code in current_councils())
    shares = {code: children[code] / total for code in current_councils()}
    for region in regions():
        shares[region] = sum(
            shares[code] for code, council in current_councils().items() if council.region_code == region
        )
    return shares
