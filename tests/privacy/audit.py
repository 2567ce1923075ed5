"""An audit of the whole way out: how well the best test tells two councils apart that differ in one child.

The figures are measured from records, go through the real door and are read off the bytes that would be sent, again
after a restart, as a coordinator reads them that keeps all it is sent. The test is the likelihood ratio's: what one
child moves, weighted by 1/sigma^2 and summed over the blocks. Its rates of right and wrong alarms, with confidence
bounds (Clopper and Pearson, 1934), bound from below what the release says:

- `rho_lower` without any assumption: a Renyi divergence never grows by looking at one yes or no only, so rho is at
  least D_alpha(alarms with the child, alarms without) / alpha at every order;
- `mu_lower`, and from it `epsilon_lower`: the two are at least as far apart as Gaussians of distance mu (Dong, Roth and
  Su 2022, *Gaussian Differential Privacy*), which is tight where the noise is what it should be.

Noise that leaves no privacy loss and yet is wrong (clamped by an unsigned type) shows as `bias`, in standard errors.

    python -m tests.privacy.audit --runs 200000 --format json
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import numpy.typing as npt
from scipy import stats

from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.collection import Collection
from frameworks.plan import ReleasePlan
from node.noise import add_noise
from node.release import Noise
from tests.node.small_release import door_of, open_ledger, policy_of, prepare, summary_of

LEVEL = 1e-7
"""The chance that one confidence bound is on the wrong side. A finding rests on three (alarms with the child, alarms
without, bias), so a sound release is called broken by at most 3e-7 of all audits."""

DELTA = 1e-7
COPIES = 500
"""So many councils are put through the door at once, as one wide release."""

Vector = Sequence[int]


@dataclass(frozen=True)
class Pair:
    """Two councils that differ in one child: the exact vector of each of their releases, and what is claimed of them.

    `plans` are the releases' (all of one shape), `factors` how the attacker adds up what the test says of each, and
    `rho_units` what all of them together are said to cost.
    """

    collection: Collection
    plans: tuple[ReleasePlan, ...]
    absent: tuple[Vector, ...]
    present: tuple[Vector, ...]
    rho_units: int
    factors: tuple[int, ...] = (1,)

    @property
    def moved(self) -> list[int]:
        """What the child moves in the last release."""
        return [one - other for one, other in zip(self.present[-1], self.absent[-1], strict=True)]

    @property
    def cost(self) -> Fraction:
        """rho of that: the sum over entries of delta^2 / (2 sigma^2)."""
        moved = self.moved
        return sum(
            (block.cost_of(sum(entry**2 for entry in moved[block.indices])) for block in self.plans[-1].blocks),
            Fraction(0),
        )

    @property
    def projection(self) -> npt.NDArray[np.float64]:
        """The weights of the likelihood ratio's test, one an entry."""
        variance = np.concatenate([[block.variance] * block.length for block in self.plans[-1].blocks])
        return np.asarray(np.array(self.moved) / variance)


def _one_noise() -> Noise:
    return add_noise


@dataclass(frozen=True)
class Node:
    """How a council turns exact vectors into bytes. By default it does so by the product; a control breaks a part.

    `new_noise` gives each council its noise; one that does not `remember` begins a new ledger when it is restarted.
    """

    new_noise: Callable[[], Noise] = _one_noise
    remembers: bool = True

    def sends(self, folder: Path, pair: Pair, exact: Sequence[Vector]) -> list[list[Vector]]:
        """By release, every vector that leaves: once, and again after a restart that follows a lost answer."""
        noise = self.new_noise()
        limits = policy_of(
            frameworks=(pair.collection.framework_id,), rho_per_release=1000, rho_per_year=1000, rho_for_life=1000
        )
        sent: list[list[Vector]] = [[] for _ in pair.plans]
        for start in range(2):
            with open_ledger(folder if self.remembers else folder / str(start)) as ledger:
                door = door_of(ledger, policy=limits, noise=noise)
                for plan, vector in zip(pair.plans, exact, strict=True):
                    prepare(door, plan=plan, collection=pair.collection, exact_vector=[vector].pop)
                for stored in door.outgoing():
                    place = [plan.release_id for plan in pair.plans].index(stored.release_id)
                    sent[place].append(summary_of(stored.envelope).values)
        return sent


@dataclass(frozen=True)
class Finding:
    """What an audit found: lower bounds on what the release says, beside what is claimed. `bias` in standard errors."""

    runs: int
    rho_lower: float
    rho_claimed: float
    mu_lower: float
    mu_claimed: float
    epsilon_lower: float
    epsilon_claimed: float
    bias: float

    @classmethod
    def of(cls, runs: int, right_alarms: int, wrong_alarms: int, rho_units: int, bias: float) -> Finding:
        """From the alarms among `runs` councils with the child (right) and as many without (wrong)."""
        right, wrong = _at_least(right_alarms, runs), 1 - _at_least(runs - wrong_alarms, runs)
        mu = max(0.0, float(stats.norm.ppf(right) - stats.norm.ppf(wrong)))
        rho = rho_units / UNITS_PER_RHO
        return cls(
            runs=runs,
            rho_lower=_rho_of_alarms(right, wrong),
            rho_claimed=rho,
            mu_lower=mu,
            mu_claimed=math.sqrt(2 * rho),
            epsilon_lower=epsilon_of_gaussians(mu, DELTA),
            epsilon_claimed=epsilon_from_rho(rho, DELTA),
            bias=bias,
        )

    @property
    def sound(self) -> bool:
        """Whether the bounds stay below the claims and the figures lie about the exact ones."""
        return (
            self.rho_lower <= self.rho_claimed
            and self.epsilon_lower <= self.epsilon_claimed
            and abs(self.bias) <= float(stats.norm.isf(LEVEL / 2))
        )

    def as_json(self) -> dict[str, object]:
        """JSON-ready values."""
        return asdict(self) | {"sound": self.sound, "delta": DELTA, "level": LEVEL}


def _at_least(times: int, runs: int) -> float:
    """A lower confidence bound on a probability."""
    return float(stats.beta.ppf(LEVEL, times, runs - times + 1)) if times else 0.0


def _rho_of_alarms(right: float, wrong: float) -> float:
    """The least rho with which alarms can be that likely with and without the child: sup D_alpha / alpha, both ways."""
    if right <= wrong:
        return 0.0

    def divergence(p: float, q: float, alpha: float) -> float:
        likelihood: float = p**alpha * q ** (1 - alpha) + (1 - p) ** alpha * (1 - q) ** (1 - alpha)
        return float(math.log(likelihood) / (alpha - 1))

    orders = [1 + 2.0**exponent for exponent in range(-16, 5)]
    ways = ((right, wrong), (1 - wrong, 1 - right), (wrong, right), (1 - right, 1 - wrong))
    return max(divergence(p, q, alpha) / alpha for p, q in ways for alpha in orders)


def epsilon_of_gaussians(mu: float, delta: float) -> float:
    """The epsilon at `delta` of telling Gaussians of unit variance and distance `mu` apart (Balle and Wang 2018,
    *Improving the Gaussian Mechanism for Differential Privacy*, theorem 8)."""
    low, high = 0.0, mu**2 / 2 + mu * 40

    def delta_at(epsilon: float) -> float:
        lost = stats.norm.logcdf(-mu / 2 - epsilon / mu)
        return float(stats.norm.cdf(mu / 2 - epsilon / mu) - math.exp(epsilon + lost))

    for _ in range(100 if mu else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_at(middle) > delta else (low, middle)
    return low


def _widened(plan: ReleasePlan) -> ReleasePlan:
    """The plan for `COPIES` councils at once: each block's cells, so many times over."""
    blocks, start = [], 0
    for block in plan.blocks:
        blocks.append(replace(block, levels=block.levels * COPIES, start=start))
        start += blocks[-1].length
    return replace(plan, blocks=tuple(blocks))


def _spread(plan: ReleasePlan, exact: Vector) -> list[int]:
    return [entry for block in plan.blocks for entry in [*exact[block.indices]] * COPIES]


def _gathered(plan: ReleasePlan, sent: Vector) -> npt.NDArray[np.float64]:
    """The wide vector as one row a council."""
    entries, parts, start = np.array(sent, dtype=float), [], 0
    for block in plan.blocks:
        parts.append(entries[start : start + block.length * COPIES].reshape(COPIES, block.length))
        start += block.length * COPIES
    return np.hstack(parts)


def _scores(folder: Path, pair: Pair, node: Node, exact: Sequence[Vector], runs: int) -> npt.NDArray[np.float64]:
    """What the test says of each of `runs` councils with these exact vectors."""
    plan = pair.plans[0]
    wide = replace(pair, plans=tuple(map(_widened, pair.plans)))
    scores = []
    for number in range(math.ceil(runs / COPIES)):
        sent = node.sends(folder / str(number), wide, [_spread(plan, vector) for vector in exact])
        seen = [np.mean([_gathered(plan, vector) for vector in times], axis=0) for times in sent]
        scores.append(sum(factor * (one @ pair.projection) for factor, one in zip(pair.factors, seen, strict=True)))
    return np.concatenate(scores)[:runs]


def audit(folder: Path, pair: Pair, runs: int, node: Node | None = None) -> Finding:
    """Puts `runs` councils with the child and as many without through the door of `node`, below `folder`."""
    node = node or Node()
    without = _scores(folder / "absent", pair, node, pair.absent, runs)
    having = _scores(folder / "present", pair, node, pair.present, runs)

    def exact(vectors: Sequence[Vector]) -> float:
        return float(sum(f * (np.array(one) @ pair.projection) for f, one in zip(pair.factors, vectors, strict=True)))

    middle = (exact(pair.absent) + exact(pair.present)) / 2
    spread = math.sqrt(2 * pair.cost * sum(factor**2 for factor in pair.factors) / (2 * runs))
    off = np.concatenate([without - exact(pair.absent), having - exact(pair.present)])
    right, wrong = int(np.sum(having > middle)), int(np.sum(without > middle))
    return Finding.of(runs, right, wrong, pair.rho_units, float(np.mean(off)) / spread)


def _halved(plan: ReleasePlan, exact: Vector) -> list[int]:
    return add_noise(
        replace(plan, blocks=tuple(replace(block, sigma_units=block.sigma_units // 2) for block in plan.blocks)), exact
    )


def _none(_plan: ReleasePlan, exact: Vector) -> list[int]:
    """What OpenDP does at scale 0."""
    return list(exact)


def _never_less(plan: ReleasePlan, exact: Vector) -> list[int]:
    """Noise drawn as an unsigned integer."""
    return [max(noised, entry) for noised, entry in zip(add_noise(plan, exact), exact, strict=True)]


def _unsigned(plan: ReleasePlan, exact: Vector) -> list[int]:
    """Values sent as unsigned integers."""
    return [max(noised, 0) for noised in add_noise(plan, exact)]


def _drawn_once() -> Noise:
    """One draw for all releases of a council."""
    drawn: list[int] = []

    def noise(plan: ReleasePlan, exact: Vector) -> list[int]:
        if not drawn:
            drawn.extend(add_noise(plan, [0] * len(exact)))
        return [one + other for one, other in zip(drawn, exact, strict=True)]

    return noise


BROKEN: Mapping[str, Node] = {
    "scale 0": Node(lambda: _none),
    "scale halved": Node(lambda: _halved),
    "noise never below 0": Node(lambda: _never_less),
    "values never below 0": Node(lambda: _unsigned),
    "noise reused for two rosters": Node(_drawn_once),
    "drawn again on retry": Node(remembers=False),
}
"""Nodes that an audit must catch."""


@click.command()
@click.option("--runs", default=20_000, show_default=True, help="Councils with the child, and as many without.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def main(runs: int, output_format: str) -> None:
    """Audit every pair of councils, and every broken node."""
    from tests.privacy.audited import PAIRS  # which needs `Pair` from here

    found: dict[str, Finding] = {}
    with TemporaryDirectory() as folder:
        for name, make in PAIRS.items():
            found[name] = audit(Path(folder) / name, make(), runs)
        for name, node in BROKEN.items():
            pair = PAIRS["two rosters" if "rosters" in name else "a child added"]()
            found[f"control: {name}"] = audit(Path(folder) / name, pair, runs, node)
    if output_format == "json":
        click.echo(json.dumps({name: finding.as_json() for name, finding in found.items()}, indent=2))
        return
    for name, finding in found.items():
        click.echo(
            f"{name}: epsilon at least {finding.epsilon_lower:.3f}, claimed {finding.epsilon_claimed:.3f}; "
            f"rho at least {finding.rho_lower:.3f}, claimed {finding.rho_claimed:.3f}; "
            f"bias {finding.bias:+.1f}; {'sound' if finding.sound else 'BROKEN'}"
        )


if __name__ == "__main__":
    main()
