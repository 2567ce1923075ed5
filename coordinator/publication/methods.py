"""What the methods page says in tables: the noise, and what it cost a child, in one release and over the years."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from coordinator.data import ENGLAND, regions
from coordinator.estimates.benchmark import Benchmark
from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho, surest_guess
from frameworks.display.formats import counted, marked_title, number, unit_beside
from frameworks.exposure import DELTA
from frameworks.model import Indicator, Kind
from frameworks.programme import lifetime_table, programme_table, sibling_table


@dataclass(frozen=True)
class MethodsTable:
    """A table as it is shown: the first column is text, and so are `texts` columns in all; the rest are numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1


def noise_table(benchmark: Benchmark) -> MethodsTable:
    """How far the noise moves each indicator, for one council and for all of them."""
    indicators = {indicator.id: indicator for indicator in benchmark.indicators}
    rows = (
        (
            marked_title(indicators[scale.indicator_id]),
            _counted_in(benchmark, indicators[scale.indicator_id]),
            "–" if scale.one_council is None else f"± {number(scale.one_council, 0)}",
            f"± {number(scale.all_councils, 0)}",
        )
        for scale in benchmark.noise
    )
    columns = ("Indicator", "Counted in", "One council", "England")
    return MethodsTable("Typical reach of the noise", columns, tuple(rows), texts=2)


def _counted_in(benchmark: Benchmark, indicator: Indicator) -> str:
    unit = counted(benchmark.framework.cohort(indicator.cohort).unit)
    if indicator.kind is Kind.HISTOGRAM:
        return f"{unit} in one category"
    if indicator.kind in (Kind.MEAN, Kind.RATIO):
        return f"sum of {unit_beside(indicator).removeprefix('of ') or 'values'}"
    return unit


def cost_tables(benchmark: Benchmark) -> tuple[MethodsTable, ...]:
    """What somebody could learn of one child from each release."""
    columns = ("What somebody might try to learn", "rho", "epsilon", "A guess of 50% becomes at most")
    return tuple(
        MethodsTable(
            f"Release {cost.release_id}: {number(cost.entries, 0)} numbers from each council",
            columns,
            tuple((one.question, f"{one.rho:.4f}", *_read(one.epsilon)) for one in cost.exposures),
        )
        for cost in benchmark.costs
    )


def sums_table(benchmark: Benchmark) -> MethodsTable:
    """The sums that councils opened together, and what each council would lose if all others worked against it."""
    names = {ENGLAND: "England", **regions()}
    rows = (
        (
            opened.release_id,
            names[opened.group_code],
            opened.round_id,
            number(len(opened.councils), 0),
            number(opened.honest_shares, 0),
            f"{opened.rho_of_one:.4f}",
            f"{epsilon_from_rho(opened.rho_of_one, DELTA):.1f}",
        )
        for opened in benchmark.sums
    )
    columns = ("Release", "Group", "Round", "Councils", "Shares of noise", "rho of one report", "epsilon of one report")
    return MethodsTable("Sums that councils opened together", columns, tuple(rows), texts=3)


def programme_tables(benchmark: Benchmark) -> tuple[MethodsTable, ...]:
    """What all releases of the collection add up to if it is repeated every year: for those who decide about it."""
    rho_units = sum(cost.rho_units for cost in benchmark.costs)
    years = programme_table(rho_units, (DELTA,))
    return (
        MethodsTable(
            "A child who is in this collection year after year",
            ("Years", "rho", "epsilon", "A guess of 50% becomes at most"),
            tuple((number(row.releases, 0), _rho(row.rho_units), *_read(row.epsilons[0])) for row in years),
        ),
        MethodsTable(
            "What one year may cost so that 26 years stay within a limit for life",
            ("Limit for life (epsilon)", "rho a year", "epsilon a year"),
            tuple(
                (number(row.lifetime_epsilon, 0), _rho(row.rho_units), f"{row.epsilon:.2f}")
                for row in lifetime_table(DELTA)
            ),
        ),
        MethodsTable(
            "Siblings who are alike in everything, taken together, in one year",
            ("Siblings", "rho", "epsilon", "A guess of 50% becomes at most"),
            tuple(
                (number(row.siblings, 0), _rho(row.rho_units), *_read(row.epsilon))
                for row in sibling_table(rho_units, DELTA)
            ),
        ),
    )


def _rho(units: int) -> str:
    return f"{units / UNITS_PER_RHO:.4f}"


def _read(epsilon: float) -> Iterable[str]:
    """epsilon, and where a fair guess ends at most."""
    percent = number(100 * surest_guess(epsilon), 0)
    return f"{epsilon:.2f}", "more than 99%" if percent == "100" else f"{percent}%"
