"""Figures and coverage in the words that pages use, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coordinator.data import current_councils
from coordinator.estimates.benchmark import NOT_AVAILABLE, Benchmark, Estimate
from coordinator.estimates.position import Position
from frameworks.display.formats import between, figure, number, to, unit_in_words
from frameworks.model import Indicator, Kind

STATUS = "Management information: these are not official statistics."
LICENCE = (
    "Contains public sector information licensed under the Open Government Licence v3.0: figures published by the "
    "Department for Education, and population estimates of the Office for National Statistics."
)

AGAINST = {
    Position.HIGHER: "Higher",
    Position.SIMILAR: "Similar",
    Position.LOWER: "Lower",
    Position.UNCERTAIN: "Too uncertain to say",
}
_AGAINST_SENTENCE = {
    Position.HIGHER: "Higher than the rest of England.",
    Position.SIMILAR: "Similar to the rest of England.",
    Position.LOWER: "Lower than the rest of England.",
    Position.UNCERTAIN: "Too uncertain to say whether it differs from the rest of England.",
}


@dataclass(frozen=True)
class Shown:
    """One figure in words: for a table (`figure`, `interval`, `against`), beside a figure, and for a sentence."""

    figure: str
    interval: str
    between: str
    sentence: str
    against: str
    against_sentence: str
    councils: int


def shown(indicator: Indicator, estimate: Estimate | None) -> Shown:
    """The figure of an area, or why there is none; None where the area did not answer."""
    if estimate is None:
        return Shown("Not answered", "", "", "the council did not answer", "", "", 0)
    if estimate.symbol == NOT_AVAILABLE or estimate.lower is None or estimate.upper is None:
        return Shown("Not available", "", "", "not available: no council here holds the returns it needs", "", "", 0)
    interval = to(indicator, estimate.lower, estimate.upper)
    reach = between(indicator, estimate.lower, estimate.upper)
    against = AGAINST[estimate.position] if estimate.position else ""
    against_sentence = _AGAINST_SENTENCE[estimate.position] if estimate.position else ""
    if estimate.value is None:
        sentence = f"too few children for a figure; very likely {reach}"
        return Shown("Too few", interval, reach, sentence, against, against_sentence, estimate.councils)
    value = figure(indicator, estimate.value)
    unit = "" if indicator.kind is Kind.PERCENT else f" {unit_in_words(indicator)}"
    return Shown(
        value, interval, reach, f"{value}{unit}, very likely {reach}", against, against_sentence, estimate.councils
    )


def privacy_sentence(indicator: Indicator, estimate: Estimate | None) -> str:
    """What the noise alone leaves open about the exact figure of the councils counted."""
    if estimate is None or estimate.privacy_lower is None or estimate.privacy_upper is None:
        return ""
    reach = between(indicator, estimate.privacy_lower, estimate.privacy_upper)
    return f"The exact figure of the councils counted is very likely {reach}; only privacy noise is in this interval."


def published_sentence(indicator: Indicator) -> str:
    """The Department for Education's own figure, where the framework holds one."""
    if indicator.england is None:
        return "Not published by the Department for Education"
    return f"Department for Education: {figure(indicator, indicator.england.value)} ({indicator.england.year})"


def councils_in_words(count: int) -> str:
    """How many of England's councils, always beside a figure for England."""
    total = len(current_councils())
    return f"all {total} councils" if count == total else f"{count} of {total} councils"


def england_in_words(benchmark: Benchmark) -> str:
    """What "England" stands for in this benchmark."""
    answered = len(benchmark.councils)
    if not benchmark.missing:
        return f"All {answered} councils answered."
    they = "that council" if answered == 1 else f"those {answered} councils"
    return (
        f"{councils_in_words(answered).capitalize()} answered. Where these pages say England, they mean {they}, and no "
        "estimate is made for the others."
    )


def share(value: float) -> str:
    """A share of England's children: "9%", and never 0% or 100% of what is some, but not all."""
    percent = 100 * value
    if 0 < percent < 1:
        return "less than 1%"
    return "more than 99%" if 99 < percent < 100 else f"{number(percent, 0)}%"


def date_in_words(moment: datetime) -> str:
    """ "24 November 2026"."""
    return f"{moment.day} {moment:%B %Y}"
