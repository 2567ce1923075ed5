"""The parts of a noised vector: which statistic of which table cells stands where, how far one child moves it, and how
much noise it carries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

SIGMA_UNITS = 1024
"""Noise scales are multiples of 1/1024: exact in a float, and as a fraction."""

OVERALL = ""
"""The name of the table that holds the cohort as a whole."""


class Statistic(StrEnum):
    """The kinds of vector entry."""

    TOTAL = "total"
    CONTRAST = "contrast"
    CENTRED_SUM = "centred sum"
    WHOLE_SUM = "centred sum of wholes"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Block:
    """Consecutive vector entries with one sensitivity and one noise scale: one statistic of one table.

    `start` is the index of its first entry; `levels` are its cells in order (a single "" in the overall table);
    `sigma_units` is the scale of the discrete Gaussian in 1/1024; `event_cap` bounds a child's events.
    `centre_doubled` is low + high of a sum's bounds, and `step` 2 where twice the distance is sent, else 1.
    A histogram has an entry for each of its `categories` in every level, level after level.
    """

    statistic: Statistic
    cohort: str
    indicator: str
    breakdown: str
    levels: tuple[str, ...]
    start: int
    sensitivity: int
    event_cap: int
    sigma_units: int
    centre_doubled: int = 0
    step: int = 1
    categories: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Number of its entries."""
        return len(self.levels) * max(1, len(self.categories))

    @property
    def indices(self) -> slice:
        """Where its entries stand in the vector."""
        return slice(self.start, self.start + self.length)

    @property
    def sigma(self) -> float:
        """The noise scale as a float, exactly."""
        return self.sigma_units / SIGMA_UNITS

    @property
    def variance(self) -> float:
        """The variance parameter of the noise."""
        return self.sigma**2

    @property
    def cost(self) -> Fraction:
        """rho of a child that moves the block by its whole sensitivity."""
        return self.cost_of(self.sensitivity**2)

    def cost_of(self, squared: int) -> Fraction:
        """rho of a child that moves the block by a vector whose square (of the L2 norm) is `squared`."""
        return Fraction(squared * SIGMA_UNITS**2, 2 * self.sigma_units**2)
