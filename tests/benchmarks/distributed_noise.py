"""What it costs that nobody adds the whole noise: the noise of a secure sum beside that of a trusted curator.

`python -m tests.benchmarks.distributed_noise` draws the shares of a few of 153 councils, as a node draws them, for each
number of dropouts and colluders that a plan may allow for, and prints

- the ratio of the root mean squared error of the sum to that of the central model, in theory sqrt(survivors / m) with
  m = 153 - dropouts - colluders allowed for, and as drawn, with its standard error;
- the epsilon of a plan of nominal epsilon 1 (delta 1e-7) where councils collude for which it did not allow.

The error of a sum is drawn from shares, not from sums: shares are independent, so that the mean square of a sum of s
is s times theirs, and each draw tells of it. That sums are so is tested (`tests.privacy.test_distributed_noise`).
Gates: 1.01 with three late dropouts and no colluders allowed for, 1.06 with 10 % dropouts (privacy reference 5.2, 5.3).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frameworks.accounting import epsilon_from_rho, rho_from_epsilon
from frameworks.blocks import Block
from frameworks.plan import ReleasePlan
from frameworks.shares import SHARE_UNITS, SecureShare, SecureTerms, share_units
from node.noise import add_share
from tests.benchmarks.wide_plan import wide_plan

COUNCILS = 153
SIGMA_UNITS_OF_SUM = 74_895
"""sigma 73.14: every table of a looked-after children collection at epsilon 1 (privacy reference 5.2)."""
GATES = {3: 1.01, 15: 1.06}
"""The largest ratio by the dropouts that a plan allows for, without colluders."""
COLLUDERS = (0, 1, 5, 15, 30, 52)
DROPOUTS = (0, 3, 15, 45)
DELTA = 1e-7


def secure_terms(plan: ReleasePlan) -> SecureShare:
    """What a plan says of its secure release."""
    assert plan.secure is not None
    return plan.secure


def national_plan(
    dropped: int, colluding: int, entries: int, sigma_units: Sequence[int] = (SIGMA_UNITS_OF_SUM,)
) -> ReleasePlan:
    """A release about England that allows for so many dropouts and colluders."""
    terms = SecureTerms(groups="england", largest_group=COUNCILS, max_dropped=dropped, max_colluding=colluding)
    return wide_plan(sigma_units, entries, terms)


def share_scale(plan: ReleasePlan, block: Block, roster: int = COUNCILS) -> int:
    """The scale of a node's share, in 2**-20 of a unit of the grid."""
    secure = secure_terms(plan)
    return share_units(block, secure.honest_shares(roster), secure.grid)


def ratio(plan: ReleasePlan, block: Block, survivors: int, roster: int = COUNCILS) -> float:
    """The error of a sum of so many shares, over that of the central model: exact, the rounding of shares included."""
    return (
        math.sqrt(survivors) * share_scale(plan, block, roster) / SHARE_UNITS / (block.sigma * secure_terms(plan).grid)
    )


def drawn_shares(plan: ReleasePlan, nodes: int, roster: int = COUNCILS) -> NDArray[np.int64]:
    """The noise of so many nodes' shares, nodes by entries, in units of the grid: what each sends less its sums."""
    secure = secure_terms(plan)
    exact = [(entry * 37) % 2_003 - 1_000 for entry in range(plan.length)]
    sent = [add_share(plan, exact, secure.honest_shares(roster)) for _ in range(nodes)]
    return np.array(sent, dtype=np.int64) - secure.grid * np.array(exact, dtype=np.int64)


@dataclass(frozen=True)
class Measured:
    """A ratio to the central model, and its standard error."""

    ratio: float
    error: float


def measured_ratio(plan: ReleasePlan, block: Block, shares: NDArray[np.int64], survivors: int) -> Measured:
    """The error of a sum of so many shares over that of the central model, from the mean square of drawn shares."""
    own = shares[:, block.indices]
    mean_square = float(np.mean(own.astype(float) ** 2))
    found = math.sqrt(survivors * mean_square) / (block.sigma * secure_terms(plan).grid)
    return Measured(found, found / math.sqrt(2 * own.size))


def dropout_rows(entries: int, nodes: int) -> list[dict[str, Any]]:
    """For each number of dropouts allowed for: the error where all survive, and where so many drop out."""
    rows = []
    for dropped in DROPOUTS:
        plan = national_plan(dropped, 0, entries)
        shares = drawn_shares(plan, nodes)
        for missing in sorted({0, dropped}):
            found = measured_ratio(plan, plan.blocks[0], shares, COUNCILS - missing)
            rows.append(
                {
                    "dropouts_allowed": dropped,
                    "dropouts": missing,
                    "share_sigma": share_scale(plan, plan.blocks[0]) / SHARE_UNITS / secure_terms(plan).grid,
                    "theory": ratio(plan, plan.blocks[0], COUNCILS - missing),
                    "ratio": found.ratio,
                    "standard_error": found.error,
                    "gate": GATES.get(dropped),
                }
            )
    return rows


def colluder_rows(entries: int, nodes: int) -> list[dict[str, Any]]:
    """For each number of colluders, three dropouts allowed for: what they cost whoever allows for them, or for none."""
    rho = rho_from_epsilon(1, DELTA)
    unprepared = secure_terms(national_plan(3, 0, 1)).honest_shares(COUNCILS)
    rows = []
    for colluding in COLLUDERS:
        plan = national_plan(3, colluding, entries)
        found = measured_ratio(plan, plan.blocks[0], drawn_shares(plan, nodes), COUNCILS)
        rows.append(
            {
                "colluders": colluding,
                "epsilon_if_none_allowed": epsilon_from_rho(rho * unprepared / (unprepared - colluding), DELTA),
                "theory_if_allowed": ratio(plan, plan.blocks[0], COUNCILS),
                "ratio_if_allowed": found.ratio,
                "standard_error": found.error,
            }
        )
    return rows


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--drawn", type=int, default=10, help="how many councils' shares are drawn for each plan")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    arguments = parser.parse_args()
    dropouts = dropout_rows(arguments.entries, arguments.drawn)
    colluders = colluder_rows(arguments.entries, arguments.drawn)
    if arguments.format == "json":
        print(json.dumps({"dropouts": dropouts, "colluders": colluders}, indent=2))
        return 0
    print("dropouts allowed, actual   share sigma   error / central: theory   drawn            gate")
    for row in dropouts:
        print(
            f"{row['dropouts_allowed']:>16}, {row['dropouts']:>6}   {row['share_sigma']:>11.3f}"
            f"   {row['theory']:>23.4f}   {row['ratio']:.4f} +- {row['standard_error']:.4f}  {row['gate'] or '':>4}"
        )
    print("\ncolluders   epsilon if none is allowed for   error / central if so many are: theory   drawn")
    for row in colluders:
        print(
            f"{row['colluders']:>9}   {row['epsilon_if_none_allowed']:>30.3f}   {row['theory_if_allowed']:>38.4f}"
            f"   {row['ratio_if_allowed']:.4f} +- {row['standard_error']:.4f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
