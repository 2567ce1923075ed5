"""If these failed, a limit could be raised by writing a number into a file, with nobody's name to it.

Each check has a control: it is taken out, and more is spent than was agreed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node import ledger as ledger_module
from node import ledger_replay
from node.decisions import Owner
from node.errors import ApproverRefused, BudgetExceeded, UsageProblem
from node.ledger import Ledger
from node.ledger_entries import EntryKind
from node.policy import Limits
from node.status import read_budget
from protos.signing import public_bytes
from tests.node.small_release import (
    CALDICOTT,
    NOW,
    OWNER,
    SIGNING_KEY,
    STRANGER,
    WITH_APPROVER,
    open_ledger,
    policy_of,
)

BY = "A. Caldicott (invented)"
AGREED, HIGHER, LOWER = Limits(100, 1000), Limits(150, 1000), Limits(40, 1000)


def charge(ledger: Ledger, name: str, units: int, policy: Limits) -> None:
    ledger.reserve("2025-test", name, bytes(32), units, policy=policy)


def test_the_first_charge_records_the_policys_limits_signed_by_the_node(tmp_path: Path) -> None:
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        charge(ledger, "a", 60, AGREED)
        limit, _ = ledger.entries()
        assert (limit.kind, limit.year_limit_units, limit.life_limit_units) == (EntryKind.LIMIT, 100, 1000)
        assert limit.signer == public_bytes(SIGNING_KEY)
        charge(ledger, "b", 10, AGREED)
        assert [entry.kind for entry in ledger.entries()].count(EntryKind.LIMIT) == 1


def test_a_first_charge_that_is_refused_records_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(BudgetExceeded):
            charge(ledger, "a", 101, AGREED)
        assert ledger.entries() == ()


@pytest.mark.parametrize("higher", [HIGHER, Limits(100, 1001)])
def test_a_higher_limit_in_the_policy_is_not_in_force_until_it_is_recorded(tmp_path: Path, higher: Limits) -> None:
    with open_ledger(tmp_path) as ledger:
        charge(ledger, "a", 60, AGREED)
        assert ledger.limits_in_force(higher) == AGREED
        with pytest.raises(BudgetExceeded, match="raise-limit"):
            charge(ledger, "b", 50, HIGHER)
        ledger.raise_limits(higher, BY)
        assert ledger.limits_in_force(higher) == higher
        assert ledger.verify() == ()


def test_what_is_raised_can_be_spent(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        charge(ledger, "a", 60, AGREED)
        ledger.raise_limits(HIGHER, BY)
        charge(ledger, "b", 90, HIGHER)
        with pytest.raises(BudgetExceeded):
            charge(ledger, "c", 1, HIGHER)
        assert ledger.verify() == ()


def test_a_lower_limit_in_the_policy_holds_at_once_and_may_be_taken_back(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        charge(ledger, "a", 30, AGREED)
        with pytest.raises(BudgetExceeded):
            charge(ledger, "b", 11, LOWER)
        charge(ledger, "b", 10, LOWER)
        charge(ledger, "c", 60, AGREED)
        assert ledger.verify() == ()


def test_nothing_is_raised_where_nothing_is_higher_or_without_a_name(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(UsageProblem):
            ledger.raise_limits(HIGHER, BY)
        charge(ledger, "a", 1, AGREED)
        for limits, by in ((AGREED, BY), (LOWER, BY), (HIGHER, " ")):
            with pytest.raises(UsageProblem):
                ledger.raise_limits(limits, by)


def test_where_approvers_are_listed_one_of_them_raises(tmp_path: Path) -> None:
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        charge(ledger, "a", 1, AGREED)
        for key in (None, STRANGER):
            with pytest.raises(ApproverRefused):
                ledger.raise_limits(HIGHER, BY, key)
        assert ledger.raise_limits(HIGHER, BY, CALDICOTT).signer == public_bytes(CALDICOTT)
        assert ledger.limits_in_force(HIGHER) == HIGHER


def record_limit(ledger: Ledger, limits: Limits, key: Ed25519PrivateKey) -> None:
    """As somebody would who has the file, the key of its chain, and this signing key."""
    with ledger.transaction():
        entries = ledger.entries()
        ledger._append(entries, ledger._limit(entries, limits, BY, key))


@pytest.mark.parametrize("key", [SIGNING_KEY, STRANGER], ids=["the node's key", "a stranger's"])
def test_a_raise_by_another_key_than_an_approvers_counts_for_nothing(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        charge(ledger, "a", 1, AGREED)
        record_limit(ledger, HIGHER, key)
        assert ledger.verify() == ()
        assert ledger.limits_in_force(HIGHER) == AGREED
        record_limit(ledger, LOWER, key)
        assert ledger.limits_in_force(HIGHER) == LOWER, "a lower one counts from anybody"


def test_control_without_the_check_of_the_signer_a_strangers_raise_is_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Owner, "may_give_leave", lambda *_: True)
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        charge(ledger, "a", 1, AGREED)
        record_limit(ledger, HIGHER, STRANGER)
        assert ledger.limits_in_force(HIGHER) == HIGHER


def test_control_without_the_limits_in_the_ledger_a_number_in_a_file_is_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And then the replay tells."""
    with open_ledger(tmp_path, owner=OWNER) as ledger:
        charge(ledger, "a", 60, AGREED)
        monkeypatch.setattr(ledger_module, "limits_in_force", lambda _entries, _owner, policy: policy)
        charge(ledger, "b", 90, HIGHER)
        assert ledger.spent_for_life() == 150
        assert any("limit that is not recorded" in fault for fault in ledger.verify())


def test_a_person_sees_the_limits_in_force(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.reserve("2025-test", "a", bytes(32), 1, policy=policy_of(rho_per_year=0.1).limits)
        budget = read_budget(ledger, policy_of(rho_per_year=0.2, rho_for_life=0.5), NOW)
    assert (budget.limit_per_year, budget.limit_for_life) == (0.1, 0.5)


def test_an_unsigned_limit_makes_the_ledger_unsound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsigned(_key: object, _council: object, draft: Any) -> Any:
        return replace(draft, signer=public_bytes(SIGNING_KEY), signature=bytes(64))

    with open_ledger(tmp_path) as ledger:
        monkeypatch.setattr(ledger_module, "signed_by", unsigned)
        charge(ledger, "a", 1, AGREED)
        assert any("not signed" in fault for fault in ledger.verify())
        monkeypatch.setattr(ledger_replay, "signature_holds", lambda *_: True)
        assert ledger.verify() == (), "it is the signature that tells"
