"""Finding the settings under which made-up lives give a council's rates: a sample of lives is drawn and measured.

In a steady state, the children present on a day are the arrivals a day times the mean days present (Little's law), so
a sample of whole lives tells how many must arrive a year for the council's stock, and what its rates will be.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from deploy.demo.generator.care_history import CareLife, CareRates, draw_care_life
from deploy.demo.generator.care_outcomes import OutcomeRates
from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.days import YEAR
from deploy.demo.generator.episodes import PlacementRates
from deploy.demo.generator.need_history import Case, NeedLife, NeedRates, draw_need_life

LARGEST_SAMPLE: Final = 6000
ROUNDS: Final = 5
_DAY: Final = 730_000
_FOREVER: Final = _DAY + 40_000
RESPITE_SHARE: Final = 0.035
CLOSED_BY_MARCH: Final = 0.885
"""How many of the assessments of a year's referrals that find no need have closed the case by its end."""


@dataclass(frozen=True)
class Settings:
    """Everything the life histories of one council are drawn from; arrivals are new children a year."""

    need_arrivals: float
    care_arrivals: float
    respite_arrivals: float
    need: NeedRates
    care: CareRates
    placements: PlacementRates
    outcomes: OutcomeRates


def calibrate(council: Council, chance: random.Random) -> Settings:
    """Settings for a council's size and rates. Where they contradict each other, stocks win over flows."""
    care = _care_rates(council, chance)
    lives = _care_sample(chance, council, care)
    in_care = sum(period.end - period.start for life in lives for period in life.periods) / len(lives)
    care_arrivals = council.cla_31_march * YEAR / in_care
    spared = _Spared(lives, care_arrivals)
    need, need_arrivals = _need_rates(council, chance, spared)
    return Settings(
        need_arrivals,
        care_arrivals,
        care_arrivals * RESPITE_SHARE,
        need,
        care,
        _placement_rates(council),
        _outcome_rates(council),
    )


class _Spared:
    """What looked-after children bring to the figures of need, a year or on a day."""

    def __init__(self, lives: Sequence[CareLife], arrivals: float) -> None:
        each = arrivals / len(lives)
        cases = [case for life in lives for case in life.cases]
        self.referrals = each * len(cases)
        self.open_cases = each * sum(case.closure - case.referral for case in cases) / YEAR
        self.plans = each * sum(len(case.plans) for case in cases)
        self.plan_years = each * sum(plan.end - plan.start for case in cases for plan in case.plans) / YEAR


def _sample_size(a_year: float) -> int:
    """Enough lives that the sample's own chance is small beside that of a council with so many events a year."""
    return int(min(LARGEST_SAMPLE, max(400, 8 * a_year)))


def _care_sample(chance: random.Random, council: Council, rates: CareRates) -> list[CareLife]:
    return [draw_care_life(chance, _DAY, rates) for _ in range(_sample_size(council.cla_started))]


def _care_rates(council: Council, chance: random.Random) -> CareRates:
    """Mixes pathways so that the mean stay is the council's stock over its starts, as far as pathways allow."""
    plan_days = council.cpp_open_31_march / council.cpp_started * YEAR
    rates = CareRates(0.2, 0.28, 0.275, 0.155, 0.29, 0.0, 0.32, 0.5, plan_days)
    wanted = council.cla_31_march / council.cla_started * YEAR
    short = _mean_stay(_care_sample(chance, council, rates))
    long = _mean_stay(_care_sample(chance, council, replace(rates, until_18=1e9)))
    share = min(0.75, max(0.03, (wanted - short) / (long - short)))
    unaccompanied = rates.unaccompanied
    if wanted < short:
        unaccompanied = min(0.7, unaccompanied + (short - wanted) / short)
    rest = 1 - share
    return replace(
        rates,
        unaccompanied=unaccompanied,
        home=rates.home * rest,
        guardianship=rates.guardianship * rest,
        adoption=rates.adoption * rest,
        transfer=rates.transfer * rest,
        until_18=share,
    )


def _mean_stay(lives: Sequence[CareLife]) -> float:
    periods = [period for life in lives for period in life.periods]
    return sum(period.end - period.start for period in periods) / len(periods)


def _need_rates(council: Council, chance: random.Random, spared: _Spared) -> tuple[NeedRates, float]:
    referrals = max(council.referrals - spared.referrals, council.referrals * 0.5)
    open_cases = max(council.cin_open_31_march - spared.open_cases, council.cin_open_31_march * 0.25)
    plans = max(council.cpp_started - spared.plans, council.cpp_started * 0.3)
    plan_years = max(council.cpp_open_31_march - spared.plan_years, council.cpp_open_31_march * 0.3)
    share = referrals / council.referrals
    not_in_need = min(0.9, council.assessed_not_in_need / 100 / share / CLOSED_BY_MARCH)
    no_further_action = min(0.9 - not_in_need, council.referral_nfa / 100 / share)
    repeated = council.rereferral_12m_referrals / 100
    repeat_plans = council.cpp_repeat_ever / 100 * council.cpp_started / plans
    rates = NeedRates(
        no_further_action=no_further_action,
        not_in_need=not_in_need,
        plan=min(0.6, plans / referrals / max(0.2, 1 - no_further_action - not_in_need)),
        plan_days=max(90.0, plan_years / plans * YEAR),
        earlier_plan=0.1,
        case_factor=1.0,
        return_probability=min(0.9, 2.6 * repeated),
        return_days=450.0,
        assessment_on_time=0.76 + 0.18 * chance.random(),
        conference_on_time=0.74 + 0.20 * chance.random(),
        review_on_time=0.86 + 0.08 * chance.random(),
    )
    figures = _NeedFigures(())
    same_draws, size = chance.getrandbits(64), _sample_size(council.referrals / 3)
    for _ in range(ROUNDS):
        sample = random.Random(same_draws)
        figures = _NeedFigures([draw_need_life(sample, _DAY, _FOREVER, rates) for _ in range(size)])
        wanted_years = open_cases / referrals
        again = rates.return_probability * _ratio(repeated, figures.repeated)
        rates = replace(
            rates,
            case_factor=min(4.0, max(0.1, rates.case_factor * _ratio(wanted_years, figures.open_years))),
            plan=min(0.7, rates.plan * _ratio(plans / referrals, figures.plans)),
            return_probability=min(0.9, again),
            return_days=max(60.0, rates.return_days * (0.7 if again > 0.9 else 1.0)),
            earlier_plan=min(0.6, max(0.0, rates.earlier_plan + repeat_plans - figures.repeat_plans)),
        )
    return rates, referrals / figures.referrals


def _ratio(wanted: float, found: float) -> float:
    return min(2.5, max(0.4, wanted / found)) if found > 0 else 1.0


class _NeedFigures:
    """What a sample of lives gives: per life `referrals`; per referral the rest."""

    def __init__(self, lives: Sequence[NeedLife]) -> None:
        cases: list[Case] = [case for life in lives for case in life.cases]
        count = max(1, len(cases))
        plans = [plan for case in cases for plan in case.plans]
        self.referrals = count / max(1, len(lives))
        self.open_years = (
            sum(case.closure - case.referral for case in cases if not case.no_further_action) / YEAR / count
        )
        self.plans = len(plans) / count
        self.repeat_plans = sum(plan.earlier > 0 for plan in plans) / max(1, len(plans))
        self.repeated = (
            sum(
                later.referral - earlier.referral < YEAR
                for life in lives
                for earlier, later in zip(life.cases, life.cases[1:], strict=False)
            )
            / count
        )


def _placement_rates(council: Council) -> PlacementRates:
    unsettled = 0.066 * (council.placements_3plus / 10.4) ** 1.2
    settled = 2900 * (council.same_carer_2y / (100.1 - min(98.0, council.same_carer_2y))) / (68.5 / 31.5)
    return PlacementRates(min(0.6, unsettled), min(9000.0, max(500.0, settled)))


def _outcome_rates(council: Council) -> OutcomeRates:
    def share(percent: float) -> float:
        return percent / 100

    return OutcomeRates(
        sdq_coverage=share(council.sdq_coverage),
        sdq_mean=council.sdq_mean,
        health_assessment=share(council.health_assessment),
        immunisation=share(council.immunisation),
        dental_check=share(council.dental_check),
        development_check_u5=share(council.development_check_u5),
        substance_misuse=share(council.substance_misuse),
        convicted=share(council.convicted),
        eet_17_18=share(council.care_leaver_eet_17_18),
        eet_19_21=share(council.care_leaver_eet_19_21),
        he_19_21=share(council.care_leaver_he_19_21),
        unknown_17_18=share(council.care_leaver_activity_unknown_17_18),
        unknown_19_21=share(council.care_leaver_activity_unknown_19_21),
        suitable_17_18=share(council.care_leaver_suitable_17_18),
        suitable_19_21=share(council.care_leaver_suitable_19_21),
        worker_changes_a_year=1.08 * _changes_for(share(council.social_workers_3plus)),
        workers=max(6, round(council.cla_31_march / 14)),
    )


def _changes_for(share: float) -> float:
    """Changes of social worker a year at which a share of children has at least two (a Poisson count)."""
    low, high = 0.05, 4.0
    for _ in range(40):
        middle = (low + high) / 2
        if 1 - math.exp(-middle) * (1 + middle) < share:
            low = middle
        else:
            high = middle
    return low
