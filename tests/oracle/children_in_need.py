"""The indicators of section 6.1, from the CIN census."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from tests.oracle.census import Census, CensusHistory, Episode, Plan
from tests.oracle.dates import Year, add_months, within, working_days
from tests.oracle.figures import COUNT, PERCENT, Kind, Member

FACTORS = {
    "domestic_abuse_child": "3A",
    "domestic_abuse_parent": "3B",
    "domestic_abuse_person": "3C",
    "mental_health_child": "4A",
    "mental_health_parent": "4B",
    "emotional_abuse": "17A",
    "neglect": "16A",
    "physical_abuse_adult": "18C",
    "physical_abuse_child": "18B",
    "sexual_abuse_adult": "19C",
    "sexual_abuse_child": "19B",
    "cce": "24A",
    "cse": "11A",
    "going_missing": "10A",
    "gangs": "13A",
    "trafficking": "12A",
    "self_harm": "15A",
    "young_carer": "7A",
    "fgm": "22A",
    "faith_linked": "23A",
}

YEARS_BEFORE = {
    "rereferral_12m_referrals": 1,
    "rereferral_12m_children": 1,
    "nfa_return_12m": 1,
    "nfa_return_6_12m": 1,
    "cpp_repeat_12m": 1,
    "cpp_repeat_24m": 2,
}
"""How many earlier censuses an indicator needs, where it needs any."""

TWO_YEARS_IN_DAYS = timedelta(days=729)

Measured = Iterator[tuple[str, Kind, list[Member]]]


class ChildrenInNeed:
    """Measures one year from the censuses up to it."""

    def __init__(self, history: CensusHistory, year: Year) -> None:
        self.history = history
        self.year = year
        self.census: Census = history.returns[year.number]
        self.known_plans = history.plans()

    def measure(self) -> Measured:
        """Each indicator as id, kind and cohort members."""
        yield from self._cases()
        yield from self._referrals()
        yield from self._after_no_further_action()
        yield from self._assessments()
        yield from self._enquiries()
        yield from self._plans()

    def _cases(self) -> Measured:
        earliest_open: dict[str, date] = {}
        in_need: set[str] = set()
        for case in self.census.episodes:
            if not case.of_need or case.referred is None:
                continue
            if self.year.active(case.referred, case.closed):
                in_need.add(case.child)
            if self.year.open_at_end(case.referred, case.closed):
                earliest_open[case.child] = min(case.referred, earliest_open.get(case.child, date.max))
        yield "cin_open_31_march", COUNT, [Member(child) for child in earliest_open]
        yield "cin_any_point", COUNT, [Member(child) for child in in_need]
        yield (
            "cin_duration_2y",
            PERCENT,
            [Member(child, add_months(referred, 24) <= self.year.end) for child, referred in earliest_open.items()],
        )

    def _referrals(self) -> Measured:
        referred = [case for case in self.census.episodes if self.year.has(case.referred)]
        dates: dict[str, set[date]] = defaultdict(set)
        for case in self.history.referrals():
            if case.referred is not None:
                dates[case.child].add(case.referred)

        def again(case: Episode) -> bool:
            return case.referred is not None and any(within(day, case.referred, 12) for day in dates[case.child])

        yield "referrals", COUNT, [Member(case.child) for case in referred]
        yield "rereferral_12m_referrals", PERCENT, [Member(case.child, again(case)) for case in referred]
        children = {case.child for case in referred}
        returned = {case.child for case in referred if again(case)}
        yield "rereferral_12m_children", PERCENT, [Member(child, child in returned) for child in children]
        yield "referral_nfa", PERCENT, [Member(case.child, case.not_taken_further) for case in referred]
        yield (
            "assessed_not_in_need",
            PERCENT,
            [
                Member(
                    case.child,
                    case.reason in {"RC8", "RC9"} and case.closed is not None and case.closed <= self.year.end,
                )
                for case in referred
            ],
        )

    def _after_no_further_action(self) -> Measured:
        year_before = Year(self.year.number - 1)
        first: dict[str, date] = {}
        for case in self.history.referrals():
            if case.reason in {"RC8", "RC9"} and case.closed is not None and year_before.has(case.closed):
                first[case.child] = min(case.closed, first.get(case.child, date.max))
        starts: dict[str, list[date]] = defaultdict(list)
        for child, assessment in self.history.assessments():
            if assessment.start is not None:
                starts[child].append(assessment.start)
        yield (
            "nfa_return_12m",
            PERCENT,
            [
                Member(child, any(within(closed, start, 12) for start in starts[child]))
                for child, closed in first.items()
            ],
        )
        yield (
            "nfa_return_6_12m",
            PERCENT,
            [
                Member(
                    child,
                    any(add_months(closed, 6) <= start < add_months(closed, 12) for start in starts[child]),
                )
                for child, closed in first.items()
            ],
        )

    def _assessments(self) -> Measured:
        yield (
            "assessment_45wd",
            PERCENT,
            [
                Member(case.child, working_days(assessment.start, assessment.authorised) <= 45)
                for case in self.census.episodes
                for assessment in case.assessments
                if assessment.start is not None
                and assessment.authorised is not None
                and self.year.has(assessment.authorised)
            ],
        )
        for name, code in FACTORS.items():
            yield (
                f"assessment_factor_{name}",
                COUNT,
                [
                    Member(case.child)
                    for case in self.census.episodes
                    if any(
                        code in assessment.factors
                        for assessment in case.assessments
                        if self.year.has(assessment.authorised)
                    )
                ],
            )

    def _enquiries(self) -> Measured:
        started = {
            (case.child, enquiry.start)
            for case in self.census.episodes
            for enquiry in case.enquiries
            if self.year.has(enquiry.start)
        }
        yield "s47_started", COUNT, [Member(child) for child, _ in started]
        starts: dict[tuple[str, date], list[date]] = defaultdict(list)
        for case in self.census.episodes:
            held = [(enquiry.conference, enquiry.start) for enquiry in case.enquiries]
            if case.referred is not None:
                held.append((case.transfer_conference, case.referred))
            for conference, start in held:
                if conference is not None and self.year.has(conference):
                    starts[case.child, conference].extend([] if start is None or start > conference else [start])
        yield (
            "icpc_15wd",
            PERCENT,
            [
                Member(child, bool(before) and working_days(max(before), conference) <= 15)
                for (child, conference), before in starts.items()
            ],
        )

    def _plans(self) -> Measured:
        plans = self.census.plans()
        started = [(child, plan) for (child, _), plan in plans.items() if self.year.has(plan.start)]
        ceased = [(child, plan) for (child, _), plan in plans.items() if self.year.has(plan.end)]
        earliest_open: dict[str, Plan] = {}
        for (child, start), plan in sorted(plans.items(), key=lambda item: item[0]):
            if self.year.open_at_end(start, plan.end):
                earliest_open.setdefault(child, plan)
        yield "cpp_open_31_march", COUNT, [Member(child) for child in earliest_open]
        yield "cpp_started", COUNT, [Member(child) for child, _ in started]
        yield "cpp_ceased", COUNT, [Member(child) for child, _ in ceased]
        yield "cpp_repeat_ever", PERCENT, [Member(child, plan.previous > 0) for child, plan in started]
        for months in (12, 24):
            yield (
                f"cpp_repeat_{months}m",
                PERCENT,
                [Member(child, self._follows(child, plan, months)) for child, plan in started],
            )
        yield (
            "cpp_2y_open",
            PERCENT,
            [Member(child, self.year.end - plan.start >= TWO_YEARS_IN_DAYS) for child, plan in earliest_open.items()],
        )
        yield (
            "cpp_2y_ceased",
            PERCENT,
            [
                Member(child, plan.end is not None and plan.end - plan.start >= TWO_YEARS_IN_DAYS)
                for child, plan in ceased
            ],
        )
        yield (
            "cpp_review_on_time",
            PERCENT,
            [
                Member(child, self._reviewed_on_time(plan))
                for child, plan in earliest_open.items()
                if add_months(plan.start, 3) <= self.year.end
            ],
        )

    def _follows(self, child: str, plan: Plan, months: int) -> bool:
        return any(
            someone == child
            and start < plan.start
            and earlier.end is not None
            and within(earlier.end, plan.start, months)
            for (someone, start), earlier in self.known_plans.items()
        )

    def _reviewed_on_time(self, plan: Plan) -> bool:
        reviews = sorted(day for day in plan.reviews if plan.start <= day <= self.year.end)
        before = [day for day in reviews if day < self.year.start]
        anchor, allowed = (before[-1], 6) if before else (plan.start, 3)
        for review in reviews[len(before) :]:
            if review > add_months(anchor, allowed):
                return False
            anchor, allowed = review, 6
        return self.year.end <= add_months(anchor, allowed)
