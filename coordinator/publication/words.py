"""Figures and coverage in the words that pages use, in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from coordinator.data import current_councils
from coordinator.estimates.benchmark import NOT_AVAILABLE, Benchmark, Estimate
from coordinator.estimates.position import Position
from frameworks.display.formats import between, figure, number, to, unit_beside
from frameworks.model import Availability, DataType, EnglandValue, Indicator, WantedIndicator

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
    """One figure in words: for a table (`figure`, `interval`, `against`), beside a figure, and for a sentence.

    `steadied` is the modelled figure that stands beside it, "" where there is none, with its interval in a table and
    its whole sentence.
    """

    figure: str
    interval: str
    between: str
    sentence: str
    against: str
    against_sentence: str
    councils: int
    steadied: str = ""
    steadied_interval: str = ""
    steadied_sentence: str = ""


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
        sentence = f"too few for a figure; very likely {reach}"
        return Shown("Too few", interval, reach, sentence, against, against_sentence, estimate.councils)
    value = figure(indicator, estimate.value)
    sentence = f"{value} {unit_beside(indicator)}".rstrip() + f", very likely {reach}"
    words = Shown(value, interval, reach, sentence, against, against_sentence, estimate.councils)
    if estimate.shrunk is None or estimate.shrunk_lower is None or estimate.shrunk_upper is None:
        return words
    steadied = figure(indicator, estimate.shrunk)
    return replace(
        words,
        steadied=steadied,
        steadied_interval=to(indicator, estimate.shrunk_lower, estimate.shrunk_upper),
        steadied_sentence=f"{steadied}; the exact figure is very likely "
        f"{between(indicator, estimate.shrunk_lower, estimate.shrunk_upper)}",
    )


def privacy_sentence(indicator: Indicator, estimate: Estimate | None) -> str:
    """What the noise alone leaves open about the exact figure of the councils counted."""
    if estimate is None or estimate.privacy_lower is None or estimate.privacy_upper is None:
        return ""
    reach = between(indicator, estimate.privacy_lower, estimate.privacy_upper)
    return f"The exact figure of the councils counted is very likely {reach}; only privacy noise is in this interval."


def publisher(england: EnglandValue) -> str:
    """Who published the figure: what stands before the first comma of its source."""
    name = england.source.partition(",")[0].strip()
    return "Department for Education" if name == "DfE" else name


def published_sentence(indicator: Indicator) -> str:
    """England's published figure with its year and who published it, where the framework holds one."""
    if indicator.england is None:
        return "No published figure for England"
    return f"{publisher(indicator.england)}: {figure(indicator, indicator.england.value)} ({indicator.england.year})"


def wanted_published(wanted: WantedIndicator) -> str:
    """England's published figure of an indicator that no council can compute yet."""
    if wanted.england is None:
        return ""
    value = f"{number(wanted.england.value)}{'' if wanted.unit.startswith('%') else ' '}{wanted.unit}".strip()
    return f"Published for England: {value} ({wanted.england.year}; {wanted.england.source})."


DATA_TYPES = {
    DataType.CROSS_SECTIONAL: "Cross-sectional",
    DataType.LONGITUDINAL: "Longitudinal",
    DataType.PROXY: "Proxy",
    DataType.FEEDBACK: "Feedback",
}
AVAILABILITY = {
    Availability.NOW: "Available now",
    Availability.LINKAGE: "Needs linkage",
    Availability.NEW_DATA: "Needs new data",
}
NON_RESPONSE = (
    "Only those who answered are in this figure. Those who did not may feel otherwise, and neither interval holds "
    "that: read it with the response rate, and do not compare areas whose response rates differ much."
)


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
    if any(len(opened.councils) < answered for opened in benchmark.sums):
        they = "those of them that a figure counts (each says how many)"
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


def sentence(text: str) -> str:
    """A text of a framework file as a sentence: with a full stop, whether its author wrote one or not."""
    return text.strip().rstrip(".") + "."
