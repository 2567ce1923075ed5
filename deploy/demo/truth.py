"""The exact figures of the made-up councils, which only the demo may know, beside what was published of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demo.asked import FRAMEWORK, REFERENCE_YEAR
from deploy.demo.federation import Member
from deploy.demo.processes import Programs, node
from frameworks.model import Framework, Kind

ENGLAND = "E92000001"


@dataclass(frozen=True)
class Truth:
    """The exact figures of some councils together, which only the demo may know."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float:
        """Numerator over denominator; not a number for an empty cohort."""
        return self.numerator / self.denominator if self.denominator else float("nan")


def exact_truth(programs: Programs, members: Sequence[Member], workers: int) -> dict[str, Truth]:
    """Every council's exact figures, added up: what a trusted curator would have known. Counts are left out."""

    def measured(member: Member) -> dict[str, Any]:
        year = ("--year", str(REFERENCE_YEAR), "--framework", FRAMEWORK)
        shown = programs.run_json(node("measure", "--returns", member.returns, *year, "--format", "json"))
        return dict(shown["indicators"])

    added: dict[str, Truth] = {}
    for figures in programs.in_parallel(measured, members, workers):
        for indicator, figure in figures.items():
            if figure["denominator"] is None:
                continue
            so_far = added.get(indicator, Truth(0, 0))
            added[indicator] = Truth(so_far.numerator + figure["numerator"], so_far.denominator + figure["denominator"])
    return added


@dataclass(frozen=True)
class Figure:
    """A published proportion of England beside the exact truth, in percent.

    `lower` and `upper` hold the chance in children's outcomes and the privacy noise, the privacy interval the noise
    alone: nineteen times in twenty it holds the truth of these very children.
    """

    indicator: str
    title: str
    value: float | None
    lower: float
    upper: float
    privacy_lower: float
    privacy_upper: float
    truth: float

    @property
    def within(self) -> bool:
        """Whether the interval of chance and noise holds the truth."""
        return self.lower <= self.truth <= self.upper

    @property
    def within_privacy(self) -> bool:
        """Whether the interval of noise alone holds the truth."""
        return self.privacy_lower <= self.truth <= self.privacy_upper


def proportions_of_england(
    framework: Framework, published: dict[str, Any], truth: dict[str, Truth]
) -> Iterator[Figure]:
    """England's published proportions that have an interval, in the order of publication."""
    for row in published["estimates"]:
        indicator = framework.indicator(row["indicator_id"])
        exact = truth.get(indicator.id)
        if (row["area_code"], row["level"]) != (ENGLAND, "") or indicator.kind is not Kind.PERCENT or exact is None:
            continue
        interval = (row["lower"], row["upper"], row["privacy_lower"], row["privacy_upper"])
        if None not in interval and exact.denominator:
            yield Figure(indicator.id, indicator.title, row["value"], *interval, 100 * exact.value)
