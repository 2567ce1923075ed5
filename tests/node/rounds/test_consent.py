"""If these failed, a council would measure and pay in a round for a release that nobody there approved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from node import offers
from node.ledger import Ledger
from node.offers import OfferBook
from node.policy import Policy
from node.rounds.consent import RoundConsent
from tests.node.coordinator_peer import COORDINATOR_PUBLIC_KEY, offered
from tests.node.small_release import (
    COLLECTION_ID,
    Clock,
    collection_of,
    door_of,
    load_small,
    open_ledger,
    plan_of,
    policy_of,
    request_of,
)

NAME = f"{COLLECTION_ID}/national"
REQUEST = request_of("national", mode="secure")
PLAN = plan_of(REQUEST)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OfferBook:
    """A secure release and another were offered."""
    monkeypatch.setattr(offers, "load_framework", load_small)
    kept = OfferBook(tmp_path / "collections", COORDINATOR_PUBLIC_KEY)
    kept.keep(offered(collection_of(REQUEST, request_of())))
    return kept


def consent(ledger: Ledger, book: OfferBook, policy: Policy | None = None, **changes: object) -> RoundConsent:
    """What this council answers now."""
    head = changes.pop("head", None)
    return RoundConsent(door_of(ledger, policy=policy, **changes), book, head)  # type: ignore[arg-type]


def test_the_plan_is_the_one_compiled_here_and_only_for_secure_releases_that_were_offered(
    ledger: Ledger, book: OfferBook
) -> None:
    answers = consent(ledger, book)
    assert answers.plan(NAME) == PLAN
    for other in (f"{COLLECTION_ID}/headlines", f"{COLLECTION_ID}/unknown", "unknown/national", COLLECTION_ID, ""):
        assert answers.plan(other) is None


def test_a_person_decides(ledger: Ledger, book: OfferBook) -> None:
    named = policy_of(approval="named")
    assert consent(ledger, book, named).plan(NAME) is None
    for decision, plan in (("approved", PLAN), ("refused", None)):
        ledger.record_decision(COLLECTION_ID, "national", PLAN.plan_hash, decision, "A. Caldicott (invented)")  # type: ignore[arg-type]
        assert consent(ledger, book, named).plan(NAME) == plan
    assert consent(ledger, book).plan(NAME) is None


@pytest.mark.parametrize("changes", [{"frameworks": ("other",)}, {"minimum_councils": 151}, {"rho_per_release": 0.0}])
def test_what_the_policy_does_not_allow_is_not_answered(
    ledger: Ledger, book: OfferBook, changes: dict[str, object]
) -> None:
    assert consent(ledger, book, policy_of(**changes)).plan(NAME) is None


def test_outside_the_window_and_from_an_older_ledger_nothing_is_answered(ledger: Ledger, book: OfferBook) -> None:
    late = Clock()
    late.now += timedelta(days=31)
    assert consent(ledger, book, clock=late).plan(NAME) is None
    assert consent(ledger, book, head=(3, bytes(32))).plan(NAME) is None
