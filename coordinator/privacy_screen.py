"""The tables of `newlyn-coordinator privacy` in a terminal, for people who decide and need not be statisticians."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coordinator.privacy_tables import IN_CARE, Colluders, PrivacyTables
from frameworks.accounting import UNITS_PER_RHO, surest_guess
from frameworks.exposure import DELTA
from frameworks.programme import CHILDHOOD

_WIDTH = 100
_SURE = "50 % becomes"
_COST = ("rho", "Epsilon", _SURE)
_YEARS = {
    IN_CARE: "birth to 18",
    CHILDHOOD: "unborn to 25",
    2 * IN_CARE: "twice a year to 18",
}
_FIGURES = {"provisional": "Provisional", "final": "Final alone", "combined": "Both combined"}


@dataclass(frozen=True)
class _Section:
    """A table under a heading, with what it says in a sentence or two."""

    title: str
    said: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def _sure(epsilon: float) -> str:
    percent = 100 * surest_guess(epsilon)
    return f"{percent:.0f} %" if percent < 99.5 else "over 99 %"


def _rho_column(rhos: Sequence[float]) -> list[str]:
    """All with as many decimals as give the smallest three digits."""
    decimals = max(2, 2 - math.floor(math.log10(min(rhos))))
    return [f"{rho:.{decimals}f}" for rho in rhos]


def _costs(rows: Iterable[tuple[int, float]]) -> list[tuple[str, str, str]]:
    """rho, epsilon, and what it means, of rows of rho units and epsilon."""
    units, epsilons = zip(*rows, strict=True)
    rhos = _rho_column([one / UNITS_PER_RHO for one in units])
    return [(rho, f"{epsilon:.2f}", _sure(epsilon)) for rho, epsilon in zip(rhos, epsilons, strict=True)]


def _over(releases: int) -> str:
    return f"{releases}, {_YEARS[releases]}" if releases in _YEARS else str(releases)


def _children(tables: PrivacyTables) -> Iterator[_Section]:
    said = (
        "The first row is what is charged. Where it is published how many children there are, the rows on a child "
        f"known to be in them are the ones that count. Epsilon at delta {DELTA:g}."
    )
    for release in tables.children:
        rhos = _rho_column([one.rho for one in release.exposures])
        yield _Section(
            f"What release {release.release} could tell about one child",
            said,
            ("About", *_COST),
            [
                (one.question, rho, f"{one.epsilon:.2f}", _sure(one.epsilon))
                for one, rho in zip(release.exposures, rhos, strict=True)
            ],
        )


def _years(tables: PrivacyTables) -> _Section:
    place = tables.deltas.index(tables.delta)
    costs = _costs((row.rho_units, row.epsilons[place]) for row in tables.programme)
    return _Section(
        "A child who is counted in every yearly release",
        f"Costs add up; epsilon, shown for several deltas, grows more slowly. {CHILDHOOD} releases may count one "
        "child: unborn, in the census of children in need, to care leaver of 25. The last columns are at delta "
        f"{tables.delta:g}. The tighter figure is exact for Gaussian noise of the same rho and an approximation for "
        "ours, which comes in whole numbers: it is shown and never charged.",
        ("Releases", "rho", *(f"at {delta:g}" for delta in tables.deltas), "Tighter", _SURE),
        [
            (
                _over(row.releases),
                rho,
                *(f"{epsilon:.2f}" for epsilon in row.epsilons),
                f"{row.gaussian_epsilons[place]:.2f}",
                sure,
            )
            for row, (rho, _, sure) in zip(tables.programme, costs, strict=True)
        ],
    )


def _lifetime(tables: PrivacyTables) -> _Section:
    costs = _costs((row.rho_units, row.epsilon) for row in tables.lifetime)
    return _Section(
        "What a limit for life allows each year",
        "The other way round: if all releases together are to stay within an epsilon, each may cost so much.",
        ("Limit for life", *_COST),
        [
            (f"epsilon {row.lifetime_epsilon:g} over {_over(row.releases)}", *cost)
            for row, cost in zip(tables.lifetime, costs, strict=True)
        ],
    )


def _siblings(tables: PrivacyTables) -> _Section:
    costs = _costs((row.rho_units, row.epsilon) for row in tables.siblings)
    return _Section(
        "Brothers and sisters who are alike in everything",
        "One child is protected, not a family: k children who move every figure together cost k times k. So does one "
        "person recorded under k ids.",
        ("Children", *_COST),
        [(str(row.siblings), *cost) for row, cost in zip(tables.siblings, costs, strict=True)],
    )


def _movers(tables: PrivacyTables) -> _Section:
    plan = (
        "this collection"
        if tables.collection
        else "a plan that spends half on councils' headlines and a quarter each on England's and the regions' tables"
    )
    costs = _costs((row.rho_units, row.epsilon) for row in tables.movers)
    return _Section(
        "A child whom two councils count in one year",
        "Two councils' own releases cost twice as much. In one sum over both the child counts twice, which costs four "
        f"times. Neither council knows of the other, so no ledger holds this. At most, in {plan}:",
        ("Councils", *_COST),
        [
            ("of one region" if row.same_region else "of two regions", *cost)
            for row, cost in zip(tables.movers, costs, strict=True)
        ],
    )


def _colluders(one: Colluders) -> _Section:
    subject = f"release {one.release}" if one.release else "a secure release that costs the whole year"
    where = "England" if one.groups == "england" else "the smallest region"
    planned = f" and {one.max_colluding} collude" if one.max_colluding else ""
    costs = _costs((row.rho_units, row.epsilon) for row in one.rows)
    return _Section(
        f"Colluding councils: {subject}, {where} ({one.councils} councils)",
        f"The noise is planned so that {one.max_dropped} may drop out{planned}. A council knows its own share of the "
        "noise, so the others' shares alone protect from it. The last column is the noise if it were planned for so "
        "many, beside that of one trusted office. The last row is everybody against one council.",
        ("Colluding", *_COST, "Noise if planned for"),
        [(str(row.colluding), *cost, f"{row.noise_ratio:.3f}") for row, cost in zip(one.rows, costs, strict=True)],
    )


def _split(tables: PrivacyTables) -> _Section:
    rows = tables.provisional_and_final
    costs = _costs((row.rho_units, row.epsilon) for row in rows)
    return _Section(
        "A provisional and a final release that share the cost",
        "Figures made again from revised records are a release of their own, at a price of its own. If the two share "
        "one price, combining them gives back the noise of a single release, but shows only part of what was revised.",
        ("Figure", *_COST, "Noise beside one release", "Revision shown"),
        [
            (_FIGURES[row.figure], *cost, f"{row.noise_ratio:.2f}", f"{float(100 * row.revised):.0f} %")
            for row, cost in zip(rows, costs, strict=True)
        ],
    )


def _sections(tables: PrivacyTables) -> Iterator[_Section]:
    yield from _children(tables)
    yield _years(tables)
    yield _lifetime(tables)
    yield _siblings(tables)
    yield _movers(tables)
    yield from map(_colluders, tables.colluders)
    yield _split(tables)


def show_privacy(console: Console, tables: PrivacyTables) -> None:
    """Every table, at most 100 columns wide, under what its figures mean."""
    width = min(console.width, _WIDTH)
    subject = f"Collection {tables.collection}, every year" if tables.collection else "One year's releases"
    console.print(
        f"[bold]{escape(subject)}: rho {tables.rho_units / UNITS_PER_RHO:.3g}, epsilon {tables.epsilon:.2f} "
        f"at delta {tables.delta:g}[/bold]",
        width=width,
    )
    console.print(
        "\n[bold]rho[/bold] is what a council's ledger counts: costs add up. [bold]Epsilon[/bold] is the same for "
        "people to read: somebody who knows everything else, and gives it even odds that a child is in the returns, "
        f"can be at most {_sure(tables.epsilon)} sure afterwards, but for a chance of [bold]delta[/bold]. Delta is a "
        "choice of how to report: what is charged does not depend on it.",
        width=width,
    )
    said = ""
    for section in _sections(tables):
        console.print(f"\n[bold]{escape(section.title)}[/bold]", width=width)
        if section.said != said:
            console.print(escape(section.said), width=width)
        said = section.said
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for place, column in enumerate(section.columns):
            table.add_column(column, justify="right" if place and column else "left")
        for row in section.rows:
            table.add_row(*map(escape, row))
        console.print(table, width=width)
