"""The council's own rules on what may be released, and the privacy budget it is willing to spend.

Limits are written in rho (zCDP) and compared in whole units of 1e-12 rho, the limit rounded down and the cost up, so
that no rounding is ever in favour of a release. Nothing here looks at data: a limit on counts of children would speak.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from frameworks.accounting import UNITS_PER_RHO, rho_units_down
from frameworks.plan import ReleasePlan
from node.errors import BudgetExceeded, PolicyRefused

Rho = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


def _units(rho: float) -> int:
    """The limit as written (0.15, not the binary fraction just below it), rounded down to units of 1e-12 rho."""
    return rho_units_down(Fraction(repr(rho)))


@dataclass(frozen=True)
class Limits:
    """The most that may be spent in a year ending 31 March, and ever, in units of 1e-12 rho."""

    year_units: int
    life_units: int

    def exceed(self, other: Limits) -> bool:
        """Whether either limit is above the other's."""
        return self.year_units > other.year_units or self.life_units > other.life_units

    def at_most(self, other: Limits) -> Limits:
        """The lower of each."""
        return Limits(min(self.year_units, other.year_units), min(self.life_units, other.life_units))


class Approver(BaseModel):
    """One entry of `[[policy.approvers]]`: a person, and the base64 of the Ed25519 public key (32 bytes) they made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    public_key: str

    @field_validator("public_key")
    @classmethod
    def _is_a_public_key(cls, value: str) -> str:
        if len(base64.b64decode(value, validate=True)) != 32:
            raise ValueError("must be the base64 of 32 bytes, as `newlyn-node approver new` prints it")
        return value

    @property
    def key_bytes(self) -> bytes:
        """The raw public key."""
        return base64.b64decode(self.public_key)


class Policy(BaseModel):
    """`[policy]` of node.toml.

    `frameworks` and `indicators` list what may be released (no `indicators`: all of these frameworks).

    `rho_per_release` defaults to epsilon 2 at delta 1e-7 under add/remove (0.0742; privacy reference 4.1: strict by
    deployed standards). `rho_per_year` pays for two such releases, as the looked-after and the in-need tables are in
    one year; a year ends on 31 March. `rho_for_life` is 1, epsilon 8.4 for a child that is in every release: a child
    can be counted in 26 years of returns (privacy reference 3.4), and 26 annual releases at epsilon 1 cost 0.53, so a
    council that spends its yearly limit every year must decide again, as a person, in the seventh.

    `minimum_councils` is the smallest group of councils that a secure release may sum over (8 fits the smallest region;
    secure aggregation reference, decision 6), and `colluding_councils` for how many that reveal their share its noise
    must still be as large as is paid for.

    `approval`: "named" asks a person before anything is measured; "automatic" does not, but heeds a refusal. Where
    `approvers` are listed, only what one of them signed counts as an approval, or as a higher limit.

    `rho_per_year` and `rho_for_life` are recorded in the ledger with the first charge. Lower ones hold at once; higher
    ones once `newlyn-node ledger raise-limit` has recorded them, signed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    frameworks: tuple[str, ...] = ("outcomes-2019",)
    indicators: tuple[str, ...] | None = None
    rho_per_release: Rho = 0.0742
    rho_per_year: Rho = 0.15
    rho_for_life: Rho = 1.0
    minimum_councils: int = Field(default=8, ge=2)
    colluding_councils: int = Field(default=0, ge=0)
    approval: Literal["named", "automatic"] = "named"
    approvers: tuple[Approver, ...] = ()

    @property
    def limits(self) -> Limits:
        """The limits as written here, which hold where the ledger's are not lower."""
        return Limits(self.rho_per_year_units, self.rho_for_life_units)

    @property
    def rho_per_release_units(self) -> int:
        """The most that one release may cost, in units of 1e-12 rho."""
        return _units(self.rho_per_release)

    @property
    def rho_per_year_units(self) -> int:
        """The most that may be spent in a year ending 31 March, in units of 1e-12 rho."""
        return _units(self.rho_per_year)

    @property
    def rho_for_life_units(self) -> int:
        """The most that may ever be spent, in units of 1e-12 rho."""
        return _units(self.rho_for_life)


def _as_rho(units: int) -> str:
    return f"{units / UNITS_PER_RHO:.6f}"


def check_allowed(policy: Policy, plan: ReleasePlan) -> None:
    """Whether the policy allows the plan at all.

    Raises
    ------
    PolicyRefused
        For a framework or an indicator that the policy does not list, for sums over too few councils, and for noise
        that too few colluding councils could lessen.
    BudgetExceeded
        When the release alone costs more than a release may.
    """
    if plan.secure is not None and plan.secure.largest_group - plan.secure.max_dropped < policy.minimum_councils:
        raise PolicyRefused(
            f"Release {plan.release_id} may reveal sums over fewer than {policy.minimum_councils} councils.",
            "Tell the coordinator's operator. A council that decides so lowers [policy] minimum_councils in node.toml.",
        )
    if plan.secure is not None and plan.secure.max_colluding < policy.colluding_councils:
        raise PolicyRefused(
            f"The noise of release {plan.release_id} holds while {plan.secure.max_colluding} councils reveal theirs; "
            f"this council asks for {policy.colluding_councils}.",
            "Tell the coordinator's operator. A council that decides so lowers [policy] colluding_councils.",
        )
    if plan.framework_id not in policy.frameworks:
        raise PolicyRefused(
            f"This council's policy does not allow the framework {plan.framework_id}.",
            "If it should, add it to [policy] frameworks in node.toml.",
        )
    refused = sorted(set(plan.indicators) - set(plan.indicators if policy.indicators is None else policy.indicators))
    if refused:
        raise PolicyRefused(
            f"This council's policy does not allow these indicators: {', '.join(refused)}.",
            "If it should, add them to [policy] indicators in node.toml; a plan is released whole or not at all.",
        )
    if plan.rho_units > policy.rho_per_release_units:
        raise BudgetExceeded(
            f"Release {plan.release_id} costs {_as_rho(plan.rho_units)} rho; this council allows "
            f"{_as_rho(policy.rho_per_release_units)} a release.",
            "Tell the coordinator's operator. A council that decides so raises [policy] rho_per_release in node.toml.",
        )


def check_budget(
    rho_units: int, *, spent_in_year: int, year_limit_units: int, spent_for_life: int, life_limit_units: int
) -> None:
    """Whether `rho_units` more may be spent beside what was spent already. All in units of 1e-12 rho.

    Raises BudgetExceeded, naming what is asked and what is left.
    """
    for period, spent, limit in (
        ("this year", spent_in_year, year_limit_units),
        ("for life", spent_for_life, life_limit_units),
    ):
        if spent + rho_units > limit:
            raise BudgetExceeded(
                f"The release costs {_as_rho(rho_units)} rho; {_as_rho(max(limit - spent, 0))} is left {period}.",
                "A new year's budget begins on 1 April. A council that decides so raises the limit in [policy] of "
                "node.toml, and records it with `newlyn-node ledger raise-limit`.",
            )
