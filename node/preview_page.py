"""The preview as a page that an information-governance lead reads, signs and files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from frameworks.accounting import UNITS_PER_RHO
from frameworks.display.charts import Axis
from frameworks.display.formats import category_in_words, number
from frameworks.display.needs import file_title
from node.local_page import local_page
from node.measure import Cell
from node.preview_model import COHORT_SIZES, EXACT_WARNING, CohortError, Preview, PreviewedIndicator, PreviewedRelease

_WIDEST_POINTS = 50


@dataclass(frozen=True)
class BudgetBar:
    """A limit, what is spent of it, and what this collection would add; `axis` runs from 0 to the larger end."""

    period: str
    spent: float
    cost: float
    limit: float

    @property
    def axis(self) -> Axis:
        """From 0 to the limit, or to what would be spent where that is more."""
        end = max(self.limit, self.spent + self.cost) or 1.0
        return Axis(0, end, end)

    def share(self, rho: float) -> str:
        """`rho` as a share of the limit: "12.5%"."""
        return f"{number(100 * rho / self.limit)}%" if self.limit else "–"


def preview_page(preview: Preview) -> str:
    """The page's HTML: self-contained, without a script, and fit to be printed on A4."""
    before, cost = preview.budget, preview.cost
    return local_page(
        "preview.html.jinja",
        {
            "whole": lambda value: number(value, 0),
            "rho": lambda value: f"{value:.6f}",
            "epsilon": lambda value: at_most(value, 2),
            "percent": lambda share: f"{at_most(100 * share, 1)}%",
            "error": error_in_words,
            "moment": lambda text: f"{datetime.fromisoformat(text).astimezone(UTC):%-d %B %Y, %H:%M} UTC",
        },
        preview=preview,
        bars=[
            BudgetBar("This year (to 31 March)", before.spent_this_year, cost, before.limit_per_year),
            BudgetBar("For life", before.spent_for_life, cost, before.limit_for_life),
        ],
        questions=by_question,
        sizes=COHORT_SIZES,
        declared=declared_in_words(preview.declared),
        exact_warning=EXACT_WARNING,
        exact=exact_in_words,
        odds=math.exp,
        units_per_rho=UNITS_PER_RHO,
        one_in=one_in,
    )


def at_most(value: float, digits: int) -> str:
    """`value` rounded up, since it bounds something; a hair above a digit, as conversions leave it, counts as none."""
    scale = 10**digits
    return number(math.ceil(value * scale - 1e-4) / scale, digits)


def by_question(release: PreviewedRelease) -> dict[str, dict[str, list[PreviewedIndicator]]]:
    """The indicators of a release by the framework's questions, and in each by its domains."""
    grouped: dict[str, dict[str, list[PreviewedIndicator]]] = {}
    for indicator in release.indicators:
        grouped.setdefault(indicator.question, {}).setdefault(indicator.domain, []).append(indicator)
    return grouped


def error_in_words(indicator: PreviewedIndicator, error: CohortError) -> str:
    """The noise on a cohort's figure: "±3.4", "±2 days"; "over 50" where it drowns a percentage."""
    points = indicator.error_unit == "percentage points"
    if points and error.error >= _WIDEST_POINTS:
        return f"over {_WIDEST_POINTS}"
    digits = 0 if error.error >= 10 else 1 if error.error >= 0.1 else 2
    return f"±{number(error.error, digits)} {'' if points else indicator.error_unit}".strip()


def declared_in_words(declared: Sequence[str]) -> dict[str, str]:
    """The declared files by title, each with its years: {"CIN census": "2024, 2025"}."""
    years: dict[str, list[str]] = {}
    for file in sorted(declared):
        kind, _, year = file.partition("@")
        years.setdefault(file_title(kind), []).append(year)
    return {title: ", ".join(found) for title, found in years.items()}


def one_in(draws: int) -> str:
    """`draws` rounded down to two figures: 148,413 is "140,000"."""
    magnitude = 10 ** max(len(str(draws)) - 2, 0)
    return f"{draws // magnitude * magnitude:,}"


def exact_in_words(indicator: PreviewedIndicator, exact: Cell) -> str:
    """The council's own figure, in the words of its kind."""
    if exact.numerator is None:
        return "not available"
    counted = number(exact.numerator, 0)
    if indicator.kind == "count" or exact.denominator is None:
        return counted
    of = f"{counted} of {number(exact.denominator, 0)}"
    if exact.categories is not None:
        listed = ", ".join(f"{category_in_words(name)} {number(count, 0)}" for name, count in exact.categories.items())
        return f"{of}: {listed}"
    if exact.value is None:
        return of
    if indicator.kind == "mean":
        mean = f"{number(exact.value)} {indicator.error_unit}".strip()
        return f"{mean} ({number(exact.denominator, 0)} {indicator.counts})"
    return f"{number(exact.value)}% ({of})"
