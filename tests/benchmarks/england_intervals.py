"""How often England's published intervals hold the truth: `python -m tests.benchmarks.england_intervals --format json`.

Each run makes 153 councils with sizes and rates like the published ones (deploy/demo/data/councils.csv), compiles the
real plan, adds the node's own discrete Gaussian noise to every council's exact vector, and makes the real benchmark.
Counted over runs and indicators, for percentages and counts: how often the exact figure of all councils lies in its
privacy interval, and how often the rate that the children were drawn from lies in the published one. Both should be
about 95 %. (Averages are left out: their published interval is wider by design.) Children are drawn from the seed; the
noise is OpenDP's, which takes no seed.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from coordinator.data import ENGLAND, Council, current_councils, population_for
from coordinator.estimates.benchmark import Estimate
from frameworks.blocks import Statistic
from frameworks.catalogue import load_framework
from frameworks.model import Framework, Indicator, Kind
from node.noise import add_noise
from tests.coordinator.made_up import YEAR, AddNoise, Federation, LikeEngland, federate, national_rate, request_of

COUNCILS = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "data" / "councils.csv"
FRAMEWORK = "outcomes-2019"
INDICATORS = (
    "rereferral_12m_referrals",
    "referral_nfa",
    "cpp_repeat_ever",
    "cla_31_march",
    "cla_started",
    "placements_3plus",
    "same_carer_2y",
    "health_assessment",
    "immunisation",
    "dental_check",
    "substance_misuse",
    "convicted",
    "care_leaver_eet_17_18",
    "care_leaver_eet_19_21",
    "care_leaver_suitable_19_21",
)
_SIZES = {"cla_31_march": "cla_31_march", "cla_started": "cla_started", "cpp_started": "cpp_started"}


@dataclass(frozen=True)
class Held:
    """How many intervals held what they should, and the smallest share over indicators."""

    intervals: int
    held: int
    share: float
    standard_error: float
    lowest_indicator: str
    lowest_share: float


@dataclass(frozen=True)
class Result:
    """Both readings, and what it took."""

    runs: int
    councils: int
    indicators: int
    epsilon: float
    privacy_interval_holds_exact_figure: Held
    published_interval_holds_generating_rate: Held
    seconds: float


class PublishedCouncils:
    """Children like those of the published councils: fixed expected sizes and rates, drawn anew in each run."""

    def __init__(self, framework: Framework) -> None:
        with COUNCILS.open(encoding="utf-8", newline="") as file:
            self._rows = {row["la_code"]: row for row in csv.DictReader(file)}
        self._like_england = LikeEngland(framework)

    def expected_size(self, cohort_id: str, council: Council) -> float:
        """The published size of the cohort, or the council's share of England's."""
        published = self._rows[council.code].get(_SIZES.get(cohort_id, ""), "")
        return float(published) if published else self._like_england.expected_size(cohort_id, council)

    def expected_rate(self, indicator: Indicator, council: Council) -> float:
        """The published rate where there is one, else England's; never quite 0 or 1, as no service is."""
        published = self._rows[council.code].get(indicator.id, "")
        rate = float(published) / 100 if published else national_rate(indicator)
        return min(max(rate, 0.002), 0.998)

    def size(self, cohort_id: str, council: Council, rng: np.random.Generator) -> int:
        """A Poisson number around the expected size."""
        return int(rng.poisson(self.expected_size(cohort_id, council)))

    def rate(self, indicator: Indicator, council: Council, rng: np.random.Generator) -> float:  # noqa: ARG002
        """The council's expected rate: `rng` draws the answers only."""
        return self.expected_rate(indicator, council)


def _exact_figure(federation: Federation, indicator: Indicator) -> float:
    """The figure of all councils without noise; a trusted curator's."""
    plan = federation.plans[0]
    vectors = list(federation.exact.values())
    total = sum(vector[plan.block(Statistic.TOTAL, indicator.cohort).start] for vector in vectors)
    if indicator.kind is Kind.COUNT:
        return total / _exposure(indicator)
    contrast = sum(vector[plan.block(Statistic.CONTRAST, indicator.id).start] for vector in vectors)
    return 50 + 50 * contrast / total


def _exposure(indicator: Indicator) -> float:
    return sum(population_for(YEAR).children.values()) / indicator.rate_per if indicator.rate_per else 1.0


def _generating_figure(federation: Federation, indicator: Indicator, children: PublishedCouncils) -> float:
    """The rate behind the figure: the councils' rates, weighed by the children that each has in this run."""
    councils = current_councils()
    if indicator.kind is Kind.COUNT:
        expected = sum(children.expected_size(indicator.cohort, council) for council in councils.values())
        return expected / _exposure(indicator)
    start = federation.plans[0].block(Statistic.TOTAL, indicator.cohort).start
    sizes = {council: vector[start] for (_, council), vector in federation.exact.items()}
    weighed = sum(children.expected_rate(indicator, councils[code]) * size for code, size in sizes.items())
    return 100 * weighed / sum(sizes.values())


def _held(hits: dict[str, list[bool]]) -> Held:
    every = [hit for listed in hits.values() for hit in listed]
    share = sum(every) / len(every)
    lowest = min(hits, key=lambda name: sum(hits[name]) / len(hits[name]))
    return Held(
        intervals=len(every),
        held=sum(every),
        share=share,
        standard_error=math.sqrt(share * (1 - share) / len(every)),
        lowest_indicator=lowest,
        lowest_share=sum(hits[lowest]) / len(hits[lowest]),
    )


def _england(federation: Federation, indicator: Indicator) -> Estimate:
    return next(
        estimate
        for estimate in federation.benchmark.estimates
        if (estimate.indicator_id, estimate.area_code) == (indicator.id, ENGLAND)
    )


def _within(lower: float | None, upper: float | None, truth: float) -> bool:
    assert lower is not None and upper is not None
    return lower <= truth <= upper


def simulate(
    runs: int, seed: int, epsilon: float, indicators: Sequence[str] = INDICATORS, noise: AddNoise = add_noise
) -> Result:
    """Runs the federations and counts."""
    started = time.monotonic()
    framework = load_framework(FRAMEWORK)
    children = PublishedCouncils(framework)
    privacy: dict[str, list[bool]] = {name: [] for name in indicators}
    published: dict[str, list[bool]] = {name: [] for name in indicators}
    request = request_of(indicators, epsilon=epsilon)
    for run in range(runs):
        federation = federate(framework, [request], seed=seed + run, noise=noise, children=children)
        for name in indicators:
            indicator = framework.indicator(name)
            estimate = _england(federation, indicator)
            exact, generating = (
                _exact_figure(federation, indicator),
                _generating_figure(federation, indicator, children),
            )
            privacy[name].append(_within(estimate.privacy_lower, estimate.privacy_upper, exact))
            published[name].append(_within(estimate.lower, estimate.upper, generating))
    return Result(
        runs=runs,
        councils=len(current_councils()),
        indicators=len(indicators),
        epsilon=epsilon,
        privacy_interval_holds_exact_figure=_held(privacy),
        published_interval_holds_generating_rate=_held(published),
        seconds=round(time.monotonic() - started, 1),
    )


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="federations to simulate (default 40)")
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--epsilon", type=float, default=1.0, help="cost of the release at delta 1e-7 (default 1)")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    result = simulate(options.runs, options.seed, options.epsilon)
    if options.format == "json":
        print(json.dumps(asdict(result), indent=1))
        return 0
    print(
        f"{result.runs} runs of {result.councils} councils, {result.indicators} indicators, epsilon {result.epsilon:g}"
    )
    for name, held in (
        ("the exact figure lies in its privacy interval", result.privacy_interval_holds_exact_figure),
        ("the generating rate lies in the published interval", result.published_interval_holds_generating_rate),
    ):
        print(f"  {held.share:.1%} (± {1.96 * held.standard_error:.1%}) of {held.intervals}: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
