"""Numbers and units in words.

Rounding is half up, away from zero, as in the Department for Education's dashboard (indicators reference 4.3), and
never more than one decimal: the intervals do not carry more.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from frameworks.model import DataType, Indicator, Kind, Polarity, Unit, WantedIndicator

_EPSILON = Decimal("1e-9")


def half_up(value: float, digits: int) -> Decimal:
    """`value` rounded half up in magnitude; a hair below a half, as binary fractions leave it, counts as the half."""
    exact = Decimal(repr(value))
    nudged = exact + _EPSILON.copy_sign(exact) if exact else exact
    rounded = nudged.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)


def number(value: float, digits: int = 1) -> str:
    """1234.56 is "1,234.6"; a minus sign is the typographic one."""
    return f"{half_up(value, digits):,}".replace("-", "−")


def digits_of(indicator: Indicator) -> int:
    """Decimals shown: none for a plain count, one for everything else."""
    return 0 if indicator.kind is Kind.COUNT and indicator.rate_per is None else 1


def figure(indicator: Indicator, value: float) -> str:
    """The figure with a per cent sign where it is a percentage; the unit in words is `unit_in_words`."""
    shown = number(value, digits_of(indicator))
    return f"{shown}%" if indicator.kind in (Kind.PERCENT, Kind.RATIO) else shown


def within_breakdown(indicator: Indicator) -> Indicator:
    """The indicator as a level of a breakdown shows it: a count is a number there, for a level has no population."""
    return indicator.model_copy(update={"rate_per": None}) if indicator.kind is Kind.COUNT else indicator


def as_category(indicator: Indicator) -> Indicator:
    """The histogram as one of its categories shows it: a share, in percent, of those in some category."""
    return indicator.model_copy(update={"kind": Kind.PERCENT, "unit": "%"})


def category_in_words(category: str) -> str:
    """A category as readers see it: `most_of_the_time` is "Most of the time"."""
    words = category.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def unit_in_words(indicator: Indicator) -> str:
    """What the figure counts: "per 10,000 children aged 0 to 17", "%", or the unit the framework gives it."""
    if indicator.kind is Kind.COUNT and indicator.rate_per is not None:
        return f"per {indicator.rate_per:,} children aged 0 to 17"
    return indicator.unit


def unit_beside(indicator: Indicator) -> str:
    """The unit as it follows a figure that carries its own per cent sign: "% of sessions" is "of sessions"."""
    unit = unit_in_words(indicator)
    return unit.removeprefix("%").strip() if indicator.kind in (Kind.PERCENT, Kind.RATIO) else unit


def counted(unit: Unit) -> str:
    """What a cohort of that unit is a number of."""
    return {Unit.CHILD: "children", Unit.EVENT: "events", Unit.FAMILY: "families"}[unit]


def marked_title(indicator: Indicator | WantedIndicator) -> str:
    """The title where there is only text: a proxy says there, too, that it is one."""
    return f"{indicator.title} (proxy)" if indicator.data_type is DataType.PROXY else indicator.title


def to(indicator: Indicator, lower: float, upper: float) -> str:
    """An interval in a table: "22.4% to 22.8%"."""
    return f"{figure(indicator, lower)} to {figure(indicator, upper)}"


def between(indicator: Indicator, lower: float, upper: float) -> str:
    """An interval in a sentence: "between 22.4% and 22.8%"."""
    return f"between {figure(indicator, lower)} and {figure(indicator, upper)}"


def polarity_in_words(indicator: Indicator) -> str:
    """Which way is good, said once beside the title so that higher and lower need no colour."""
    return {
        Polarity.HIGH: "Higher is better",
        Polarity.LOW: "Lower is better",
        Polarity.NONE: "Neither higher nor lower is better",
    }[indicator.polarity]
