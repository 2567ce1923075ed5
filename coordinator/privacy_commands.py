"""`newlyn-coordinator privacy`: what a yearly collection costs a child, for whoever decides about a programme."""

from __future__ import annotations

import math
from pathlib import Path

import click

from coordinator.collections import read_collection
from coordinator.command_line import format_option, reporting, show
from coordinator.errors import UsageProblem
from coordinator.privacy_screen import show_privacy
from coordinator.privacy_tables import tables_of_collection, tables_of_cost
from frameworks.accounting import rho_from_epsilon, rho_units_down
from frameworks.exposure import DELTA

_LEAST_RHO_UNITS, _MOST_RHO_UNITS = 10**6, 10**14
_EPSILON = 1.0


@click.command("privacy")
@click.option("--epsilon", type=float, help=f"What a year's releases may cost, as epsilon. Default: {_EPSILON:g}.")
@click.option("--rho", type=float, help="The same, as rho; instead of --epsilon.")
@click.option(
    "--collection",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A collection file: what its releases cost, repeated every year; instead of --epsilon.",
)
@click.option("--delta", type=float, default=DELTA, show_default=True, help="Where epsilon is read.")
@format_option
@reporting
def privacy_command(
    epsilon: float | None, rho: float | None, path: Path | None, delta: float, output_format: str
) -> None:
    """What a yearly collection costs a child: over years, for siblings and movers, and if councils collude.

    Nothing is opened and no data are read.

    \b
    Examples:
      newlyn-coordinator privacy --epsilon 1 --delta 1e-7
      newlyn-coordinator privacy --collection 2025-annual.toml
    """
    if sum(given is not None for given in (epsilon, rho, path)) > 1:
        raise UsageProblem("One cost is enough.", "Give one of --epsilon, --rho and --collection.")
    if not 0 < delta < 1:
        raise UsageProblem("A delta lies between 0 and 1.", "Example: --delta 1e-7")
    if path is not None:
        compiled = read_collection(path)
        _check(sum(plan.rho_units for plan in compiled.plans))
        tables = tables_of_collection(compiled, delta)
    else:
        rho_units = _rho_units(epsilon, rho, delta)
        _check(rho_units)
        tables = tables_of_cost(rho_units, delta)
    show(output_format, tables.as_json(), lambda console: show_privacy(console, tables))


def _rho_units(epsilon: float | None, rho: float | None, delta: float) -> int:
    if rho is None:
        asked = _EPSILON if epsilon is None else epsilon
        if not 0 < asked < math.inf:
            raise UsageProblem("An epsilon is a number above 0.", "Example: --epsilon 1")
        return rho_units_down(rho_from_epsilon(asked, delta))
    if not math.isfinite(rho):
        raise UsageProblem("A rho is a number.", "Example: --rho 0.02")
    return rho_units_down(rho)


def _check(rho_units: int) -> None:
    if not _LEAST_RHO_UNITS <= rho_units <= _MOST_RHO_UNITS:
        raise UsageProblem(
            "The tables are made for a rho of 0.000001 to 100 a year.", "Example: --rho 0.02, which is about epsilon 1."
        )
