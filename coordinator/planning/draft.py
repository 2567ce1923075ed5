"""A collection file to begin from: the hybrid plan (privacy reference 6.5).

A council's figure by itself is mostly noise where it is divided further, so councils send headlines, half the budget's
worth, and the breakdowns of England and of the regions come from sums that nobody can open, a quarter each. England's
headline is then made of all three.
"""

from __future__ import annotations

from collections.abc import Sequence

from coordinator.errors import UsageProblem
from frameworks.model import BREAKDOWNS, Availability, Framework, Source, Unit

_SHARES = (
    ("council_headlines", "council", None, 0.5, 0),
    ("england_tables", "secure", "england", 0.25, 3),
    ("region_tables", "secure", "regions", 0.25, 2),
)
"""Release, mode, groups, share, and how many councils of a group may drop out: the smallest region has ten, and sums
over fewer than eight are not revealed."""


def default_indicators(framework: Framework) -> tuple[str, ...]:
    """What councils can compute today from the two returns they make anyway, a child counted once.

    Events of a child cost the square of how many are kept, so they belong into a release of their own.
    """
    return tuple(
        indicator.id
        for indicator in framework.indicators
        if indicator.availability is Availability.NOW
        and framework.cohort(indicator.cohort).unit is Unit.CHILD
        and framework.cohort(indicator.cohort).source in (Source.SSDA903, Source.CIN_CENSUS)
        and not indicator.companions
    )


def draft_collection(framework: Framework, year: int, epsilon: float, indicators: Sequence[str] = ()) -> str:
    """The text of a collection file for a reference year. Raises UsageProblem for an unknown indicator."""
    known = {indicator.id for indicator in framework.indicators}
    if unknown := [name for name in indicators if name not in known]:
        raise UsageProblem(
            f"{framework.id} does not hold {', '.join(unknown)}.",
            f"`newlyn-coordinator framework show {framework.id}` lists its indicators.",
        )
    listed = "".join(f'    "{name}",\n' for name in indicators or default_indicators(framework))
    text = f"""\
id = "{year}-annual"
framework = "{framework.id}"
reference_year = {year}
opens = {year}-04-01
closes = {year}-12-31
# What all releases together may tell about whether one child is in the returns, for a child who is in each of them.
epsilon = {epsilon:g}
delta = 1e-7
"""
    breakdowns = ", ".join(f'"{breakdown.id}"' for breakdown in BREAKDOWNS)
    for name, mode, groups, share, dropped in _SHARES:
        text += f"""
[[release]]
id = "{name}"
mode = "{mode}"
share = {share:g}
breakdowns = [{breakdowns if groups else ""}]
"""
        if groups:
            text += f'groups = "{groups}"\nmax_dropped = {dropped}\nmax_colluding = 0\n'
        text += f"indicators = [\n{listed}]\n"
    return text
