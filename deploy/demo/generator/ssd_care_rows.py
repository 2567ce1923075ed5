"""Warehouse rows of a child's time in care: legal statuses, places and episodes as intervals of their own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from deploy.demo.generator.care_history import Period
from deploy.demo.generator.child import distance_miles
from deploy.demo.generator.days import add_years, midnight
from deploy.demo.generator.episodes import Episode
from deploy.demo.generator.history import CareRecord, History
from deploy.demo.generator.ssd_need_rows import referral_id, until, yes_or_no
from deploy.demo.generator.ssd_tables import TableRows

ALLOCATED_WORKER = "Allocated Case Worker"


def care_rows(history: History, record: CareRecord, first: int, last: int) -> TableRows:
    """What a warehouse knows of a child's care on the day `last`, back to what went on on the day `first`."""
    child_id = record.child.child_id
    shown = [episode for episode in record.episodes if episode.start <= last and episode.end >= first]
    for number, period in enumerate(record.life.periods):
        within = [episode for episode in shown if period.start <= episode.start < period.end]
        if within:
            yield from _period_rows(history, record, period, f"{child_id}{number:02d}", within, last)
    if shown:
        yield from _status_rows(record, first, last)
    for order, (day, code) in enumerate(record.reviews):
        yield (
            "ssd_cla_reviews",
            {
                "clar_cla_review_id": f"{child_id}{order:02d}",
                "clar_cla_id": _period_id(record, day),
                "clar_cla_person_id": child_id,
                "clar_cla_review_due_date": midnight(day),
                "clar_cla_review_date": midnight(day),
                "clar_cla_review_cancelled": "N",
                "clar_cla_review_participation": code,
            },
        )
    for order, incident in enumerate(record.incidents):
        if incident.start <= last and incident.end >= first:
            yield (
                "ssd_missing",
                {
                    "miss_table_id": f"{child_id}{order:03d}",
                    "miss_person_id": child_id,
                    "miss_missing_episode_start_date": midnight(incident.start),
                    "miss_missing_episode_type": incident.kind,
                    "miss_missing_episode_end_date": until(incident.end, last),
                },
            )
    for order, allocation in enumerate(record.allocations):
        if allocation.start <= last and allocation.end >= first:
            yield (
                "ssd_involvements",
                {
                    "invo_involvements_id": f"{child_id}{order:03d}",
                    "invo_professional_id": professional_id(allocation.worker),
                    "invo_professional_role_id": ALLOCATED_WORKER,
                    "invo_involvement_start_date": midnight(allocation.start),
                    "invo_involvement_end_date": until(allocation.end, last),
                    "invo_worker_change_reason": allocation.reason if allocation.end <= last else None,
                    "invo_person_id": child_id,
                    "invo_referral_id": _referral_on(history, allocation.start),
                },
            )


def professional_id(worker: str) -> str:
    """The warehouse's own key of the worker with a registration number."""
    return worker.removeprefix("ZZ")


def _period_id(record: CareRecord, day: int) -> str:
    number = next(number for number, period in enumerate(record.life.periods) if period.start <= day <= period.end)
    return f"{record.child.child_id}{number:02d}"


def _referral_on(history: History, day: int) -> str | None:
    """The id of the case that is open on a day, or else of the first one after it."""
    found = [number for number, (case, _) in enumerate(history.cases) if case.referral <= day] or [0]
    return referral_id(history.child.child_id, found[-1]) if history.cases else None


def _period_rows(
    history: History, record: CareRecord, period: Period, period_id: str, episodes: Sequence[Episode], last: int
) -> TableRows:
    child_id = record.child.child_id
    place_ids: dict[int, str] = {}
    stays: list[list[Episode]] = []
    for episode in episodes:
        if episode.start_reason == "L" and stays:
            stays[-1].append(episode)
        else:
            stays.append([episode])
        place_ids[episode.start] = f"{period_id}{len(stays):03d}"
    for stay in stays:
        place, ended = stay[0].place, stay[-1].end <= last
        yield (
            "ssd_cla_placement",
            {
                "clap_cla_placement_id": place_ids[stay[0].start],
                "clap_cla_placement_start_date": midnight(stay[0].start),
                "clap_cla_placement_type": place.code,
                "clap_cla_placement_urn": place.urn or None,
                "clap_cla_placement_distance": distance_miles(record.home_postcode, place.postcode),
                "clap_cla_id": period_id,
                "clap_cla_placement_provider": place.provider or None,
                "clap_cla_placement_postcode": place.postcode,
                "clap_cla_placement_end_date": until(stay[-1].end, last),
                "clap_cla_placement_change_reason": stay[-1].move_reason if ended else None,
                "clap_person_id": child_id,
            },
        )
    for number, (status, together) in enumerate(groupby(episodes, lambda episode: episode.legal_status)):
        held = list(together)
        yield (
            "ssd_legal_status",
            {
                "lega_legal_status_id": f"{period_id}{number:03d}",
                "lega_person_id": child_id,
                "lega_legal_status": status,
                "lega_legal_status_start_date": midnight(held[0].start),
                "lega_legal_status_end_date": until(held[-1].end, last),
            },
        )
    for number, episode in enumerate(episodes):
        yield (
            "ssd_cla_episodes",
            {
                "clae_cla_episode_id": f"{period_id}{number:03d}",
                "clae_person_id": child_id,
                "clae_cla_episode_start_date": midnight(episode.start),
                "clae_cla_episode_start_reason": episode.start_reason,
                "clae_cla_primary_need_code": record.need_code,
                "clae_cla_episode_ceased_date": until(episode.end, last),
                "clae_cla_episode_ceased_reason": episode.end_reason if episode.end <= last else None,
                "clae_cla_id": period_id,
                "clae_referral_id": _referral_on(history, period.start),
                "clae_cla_placement_id": place_ids[episode.start],
                "clae_entered_care_date": midnight(period.start),
            },
        )
    adoption = record.adoptions.get(period.end)
    if adoption is not None and adoption.dates.decided <= last:
        dates = adoption.dates
        done = period.end <= last
        fostered = _fostered_since(record.episodes, dates.placed) if dates.by_foster_carer and done else None
        yield (
            "ssd_permanence",
            {
                "perm_table_id": period_id,
                "perm_person_id": child_id,
                "perm_cla_id": period_id,
                "perm_adm_decision_date": midnight(dates.decided),
                "perm_placement_order_date": midnight(dates.decided),
                "perm_placed_for_adoption_date": until(dates.placed, last),
                "perm_matched_date": until(dates.matched, last),
                "perm_adopted_by_carer_flag": yes_or_no(dates.by_foster_carer) if done else None,
                "perm_placed_foster_carer_date": midnight(fostered) if fostered is not None else None,
                "perm_permanence_order_date": until(period.end, last),
                "perm_permanence_order_type": "Adoption" if done else None,
                "perm_adopter_sex": adoption.adopters if done else None,
                "perm_adopter_legal_status": adoption.legal_status if done else None,
                "perm_number_of_adopters": (1 if "1" in adoption.adopters else 2) if done else None,
            },
        )


def _fostered_since(episodes: Sequence[Episode], placed: int) -> int | None:
    """The day the stay began that becomes the adoptive placement."""
    before = [episode for episode in episodes if episode.start < placed and episode.place.code[0] == "U"]
    return next((episode.start for episode in reversed(before) if episode.start_reason != "L"), None)


def _status_rows(record: CareRecord, first: int, last: int) -> TableRows:
    """Motherhood, asylum and earlier permanence."""
    child = record.child
    if record.mother_of is not None and record.mother_of <= last:
        yield (
            "ssd_mother",
            {
                "moth_table_id": child.child_id,
                "moth_person_id": child.child_id,
                "moth_childs_person_id": f"{child.child_id}0",
                "moth_childs_dob": midnight(record.mother_of),
            },
        )
    if record.life.unaccompanied:
        yield (
            "ssd_immigration_status",
            {
                "immi_person_id": child.child_id,
                "immi_immigration_status_id": child.child_id,
                "immi_immigration_status": "UASC",
                "immi_immigration_status_start_date": midnight(record.life.periods[0].start),
                "immi_immigration_status_end_date": until(add_years(child.birth, 18), last),
            },
        )
    if record.home_postcode:
        yield (
            "ssd_address",
            {
                "addr_table_id": child.child_id,
                "addr_person_id": child.child_id,
                "addr_address_type": "HOME",
                "addr_address_start_date": midnight(max(child.birth, record.life.periods[0].start - 400)),
                "addr_address_postcode": record.home_postcode,
            },
        )
    if any(first <= period.start <= last for period in record.life.periods):
        yield (
            "ssd_cla_previous_permanence",
            {
                "lapp_table_id": child.child_id,
                "lapp_person_id": child.child_id,
                "lapp_previous_permanence_option": record.previous_permanence,
            },
        )
