"""If these failed, a person would not know that a release waits for them, or would think that it had gone."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from frameworks.accounting import UNITS_PER_RHO
from node.ledger import Ledger
from node.offers import Offer
from node.policy import Policy
from node.status import Status, read_status
from tests.node.small_release import COLLECTION, FRAMEWORK, NOW, PLAN, door_of, open_ledger, policy_of, prepare

IDENTITY = (PLAN.collection_id, PLAN.release_id)


def status(ledger: Ledger, policy: Policy) -> Status:
    offer = Offer(COLLECTION, FRAMEWORK, (PLAN,))
    return read_status(
        council="301 Test", enrolled=True, offers=[offer], ledger=ledger, policy=policy, benchmarks=[], now=NOW
    )


def test_a_release_stands_offered_until_a_person_decides(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        named = policy_of(approval="named")
        assert "a person here" in status(ledger, named).releases[0].waiting_for
        assert "next poll" in status(ledger, policy_of()).releases[0].waiting_for
        ledger.record_decision(*IDENTITY, PLAN.plan_hash, "refused", "A. Guardian")
        assert status(ledger, named).releases[0].standing == "refused"
        assert status(ledger, policy_of()).releases[0].standing == "refused"
        ledger.record_decision(*IDENTITY, PLAN.plan_hash, "approved", "A. Guardian")
        assert "next poll" in status(ledger, named).releases[0].waiting_for


def test_a_decision_on_another_plan_is_no_decision_on_this_one(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record_decision(*IDENTITY, bytes(32), "approved", "A. Guardian")
        assert "a person here" in status(ledger, policy_of(approval="named")).releases[0].waiting_for


def test_what_is_stored_waits_for_the_coordinator_and_what_is_acknowledged_for_nobody(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        door = door_of(ledger)
        prepare(door)
        assert status(ledger, policy_of()).releases[0].waiting_for == "the coordinator"
        (stored,) = door.outgoing()
        ledger.acknowledge(*IDENTITY, sha256(stored.envelope).digest())
        sent = status(ledger, policy_of())
        assert (sent.releases[0].standing, sent.releases[0].waiting_for) == ("sent", "nobody")
        assert sent.budget.spent_for_life == pytest.approx(PLAN.rho_units / UNITS_PER_RHO)


def test_the_next_date_is_the_nearest_that_is_still_to_come(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert status(ledger, policy_of()).next_date == COLLECTION.closes_at.isoformat()
