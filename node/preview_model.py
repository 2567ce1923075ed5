"""A collection as a person reads it before approving. What is in it follows from plan, policy and ledger alone, but for
exact figures where the council asked for its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from frameworks.exposure import Exposure
from frameworks.programme import ColluderRow, MoverRow, ProgrammeRow, SiblingRow
from frameworks.shares import SecureShare
from node.measure import Cell
from node.policy import Policy
from node.status import Budget

COHORT_SIZES = {"council": (50, 200, 1_000), "secure": (500, 5_000, 50_000)}
"""The sizes of cohort for which the noise on a figure is shown: a council's, or a group's."""

EXACT_WARNING = (
    "Exact figures, for your eyes only: what shows them is as confidential as the returns. A refusal decided on them "
    "is itself a message about children that no noise covers. Approve or refuse the plan first, then look."
)


@dataclass(frozen=True)
class CohortError:
    """How far the noise moves the figure of a cohort of that many children (events, families), 19 times in 20."""

    size: int
    error: float


@dataclass(frozen=True)
class PreviewedIndicator:
    """One indicator of a release. `typical_error` is the half-width, at 95 %, of the noise on its count or sum: of a
    histogram on each category's count, of a ratio on the sum of its parts.

    `proxy_for` says what a proxy stands for and is "" for every other. `counts` is what the cohort is a number of, and
    `error_unit` that of `cohort_errors`, which a count has none of. `declared` is whether this council holds the files:
    where it does not, zeros with noise are sent. `exact` is there when it was asked for.
    """

    id: str
    title: str
    proxy_for: str
    cohort: str
    cells: int
    noise_scale: float
    typical_error: float
    question: str
    domain: str
    kind: str
    counts: str
    error_unit: str
    cohort_errors: tuple[CohortError, ...]
    declared: bool
    exact: Cell | None


@dataclass(frozen=True)
class PreviewedRelease:
    """One release as a person reads it. `refusal` says why this council's policy does not allow it, else is empty.

    `numbers` tells the numbers that are sent by what they are, `table_cells` how many groups they are about; `levels`
    lists those of each breakdown by its title. `rho` is what is charged (add/remove); the replace-one figures are shown
    beside it and never charged. `charged` is whether it has been paid already. In all but one of `draws_within` draws
    of the noise, at least, `exposures` hold. `colluders` says what a secure sum could tell councils of the group that
    put their noise together.
    """

    id: str
    mode: str
    numbers_sent: int
    rho: float
    epsilon: float
    delta: float
    indicators: tuple[PreviewedIndicator, ...]
    breakdowns: tuple[str, ...]
    exposures: tuple[Exposure, ...]
    refusal: str
    plan_hash: str
    numbers: dict[str, int]
    table_cells: int
    levels: dict[str, tuple[str, ...]]
    replace_one_rho: float
    replace_one_epsilon: float
    draws_within: int
    secure: SecureShare | None
    colluders: tuple[ColluderRow, ...]
    charged: bool
    standing: str
    waiting_for: str


@dataclass(frozen=True)
class Programme:
    """What the collection adds up to where every release of it is answered: over years, for children who are alike,
    and for a child whom two councils count."""

    rho: float
    epsilon: float
    years: tuple[ProgrammeRow, ...]
    siblings: tuple[SiblingRow, ...]
    movers: tuple[MoverRow, ...]


@dataclass(frozen=True)
class Preview:
    """A collection as a person reads it before approving.

    `cost` is rho of the releases that the policy allows and that are not paid yet; `budget_after` has it spent.
    `coordinator_key` is the fingerprint of the key that signed the collection. `prepared_at` and the window are UTC.
    """

    collection: str
    framework: str
    reference_year: int
    opens: str
    closes: str
    releases: tuple[PreviewedRelease, ...]
    budget: Budget
    prepared_at: str
    council: str
    coordinator: str
    coordinator_key: str
    framework_id: str
    framework_version: str
    framework_digest: str
    cost: float
    epsilon: float
    budget_after: Budget
    programme: Programme
    declared: tuple[str, ...]
    policy: Policy
    shows_exact_figures: bool

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self) | {"policy": self.policy.model_dump(mode="json")}
