"""If these failed, a plan could be approved by nobody, or by somebody whom the council has not named.

Forgeries are put into the ledger with the key of its chain, as somebody would who has the file and no signing key. Each
check has a control: it is taken out, and the forged approval goes through.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from node import decisions, ledger_replay
from node.decisions import Owner, signature_holds, signed_by, statement
from node.errors import ApprovalAwaited, ApprovalRefused, ApproverRefused, LedgerDamaged
from node.ledger import Ledger
from node.ledger_entries import Entry, EntryKind
from node.policy import Approver, Policy
from protos.signing import Label, public_bytes, sign_bytes
from tests.node.small_release import (
    CALDICOTT,
    EXACT,
    NOW,
    OWNER,
    PLAN,
    SIGNING_KEY,
    STRANGER,
    WITH_APPROVER,
    door_of,
    open_ledger,
    policy_of,
    prepare,
)

APPROVER = Approver(name="A. Caldicott (invented)", public_key=base64.b64encode(public_bytes(CALDICOTT)).decode())
NAMED = policy_of(approval="named")
ASKS_CALDICOTT = policy_of(approval="named", approvers=(APPROVER,))
BY = "A. Caldicott (invented)"


def approve(ledger: Ledger, key: Ed25519PrivateKey | None = None, decision: Any = "approved") -> Entry:
    return ledger.record_decision(PLAN.collection_id, PLAN.release_id, PLAN.plan_hash, decision, BY, key)


def forged(ledger: Ledger, signing_key: Ed25519PrivateKey, **changes: Any) -> None:
    """Appends an approval by hand, then changes what was signed: the chain holds, the signature may not."""
    with ledger.transaction():
        entries = ledger.entries()
        draft = ledger._draft(entries, EntryKind.DECISION, PLAN.collection_id, PLAN.release_id, PLAN.plan_hash)
        signed = signed_by(signing_key, "301", replace(draft, decision="approved", decided_by=BY))
        ledger._append(entries, replace(signed, **changes))


def goes_through(ledger: Ledger, policy: Policy) -> bool:
    opened = []

    def exact() -> Sequence[int]:
        opened.append(True)
        return EXACT

    try:
        prepare(door_of(ledger, policy=policy), exact_vector=exact)
    except (ApprovalAwaited, LedgerDamaged):
        assert not opened
        return False
    return True


def test_what_is_signed_is_the_decision_in_one_form_and_nothing_less() -> None:
    draft = Entry(5, NOW, EntryKind.DECISION, "2025-annual", "headlines", b"\x01" * 32, "approved", BY)
    assert json.loads(statement("301", draft)) == {
        "council_code": "301",
        "kind": "decision",
        "collection_id": "2025-annual",
        "release_id": "headlines",
        "plan_hash": "01" * 32,
        "decision": "approved",
        "decided_by": BY,
        "at": "2026-05-01T12:00:00.000000+00:00",
    }
    signed = signed_by(SIGNING_KEY, "301", draft)
    assert signed.signature == SIGNING_KEY.sign(b"newlyn\x00decision/1\x00" + statement("301", draft))


@given(
    change=st.sampled_from(
        [
            {"collection_id": "2026-annual"},
            {"release_id": "tables"},
            {"plan_hash": bytes(32)},
            {"decision": "refused"},
            {"decided_by": "somebody else"},
            {"at": NOW.replace(minute=1)},
            {"signer": public_bytes(STRANGER)},
            {"signature": bytes(64)},
            {"signer": None},
            {"signature": None},
        ]
    )
)
def test_a_signature_is_for_this_decision_and_council_only(change: dict[str, Any]) -> None:
    signed = signed_by(
        SIGNING_KEY, "301", Entry(1, NOW, EntryKind.DECISION, "2025-annual", "a", b"\x01" * 32, "approved", BY)
    )
    assert signature_holds("301", signed)
    assert not signature_holds("302", signed)
    assert not signature_holds("301", replace(signed, **change))


def test_a_signature_for_another_kind_of_message_is_none_for_a_decision() -> None:
    draft = Entry(1, NOW, EntryKind.DECISION, "2025-annual", "a", b"\x01" * 32, "approved", BY)
    other = sign_bytes(SIGNING_KEY, Label.LIMIT, statement("301", draft))
    assert not signature_holds("301", replace(draft, signer=public_bytes(SIGNING_KEY), signature=other))


def test_without_listed_approvers_the_nodes_own_key_signs(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert not goes_through(ledger, NAMED)
        assert approve(ledger).signer == public_bytes(SIGNING_KEY)
        assert goes_through(ledger, NAMED)


def test_where_approvers_are_listed_only_their_key_approves(tmp_path: Path) -> None:
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        for key in (None, STRANGER):
            with pytest.raises(ApproverRefused, match=r"policy\.approvers"):
                approve(ledger, key)
        assert ledger.entries() == ()
        assert not goes_through(ledger, ASKS_CALDICOTT)
        approve(ledger, CALDICOTT)
        assert goes_through(ledger, ASKS_CALDICOTT)
        assert ledger.verify() == ()


def test_anybody_who_can_write_may_refuse(tmp_path: Path) -> None:
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        approve(ledger, CALDICOTT)
        approve(ledger, None, "refused")
        with pytest.raises(ApprovalRefused):
            goes_through(ledger, ASKS_CALDICOTT)
        approve(ledger, CALDICOTT)
        assert goes_through(ledger, ASKS_CALDICOTT)


def test_what_the_node_approved_does_not_count_once_approvers_are_listed(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        approve(ledger)
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        assert ledger.verify() == ()
        assert not goes_through(ledger, ASKS_CALDICOTT)


def test_a_stored_summary_that_was_refused_goes_out_again_only_by_an_approval_that_counts(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        prepare(door_of(ledger))
        approve(ledger, None, "refused")
        approve(ledger)
        assert len(door_of(ledger).outgoing()) == 1
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        assert door_of(ledger).outgoing() == ()
        approve(ledger, CALDICOTT)
        assert len(door_of(ledger).outgoing()) == 1


def test_an_approval_cannot_be_put_back_after_a_refusal(tmp_path: Path) -> None:
    """The copied approval keeps its time, which is under the signature, and times never go back."""
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        old = approve(ledger, CALDICOTT)
        ledger._clock.now = NOW.replace(minute=1)  # type: ignore[attr-defined]
        approve(ledger, None, "refused")
        with ledger.transaction():
            ledger._append(ledger.entries(), replace(old, sequence=3))
        assert any("dated before" in fault for fault in ledger.verify())
        assert not goes_through(ledger, ASKS_CALDICOTT)
        with ledger.transaction():
            ledger._append(ledger.entries(), replace(old, sequence=4, at=NOW.replace(minute=2)))
        assert any("not signed" in fault for fault in ledger.verify())


FORGERIES: dict[str, Callable[[Ledger], None]] = {
    "signed by nobody": lambda ledger: forged(ledger, SIGNING_KEY, signature=bytes(64)),
    "in the approver's name": lambda ledger: forged(ledger, STRANGER, signer=public_bytes(CALDICOTT)),
    "signed for something else": lambda ledger: forged(ledger, CALDICOTT, decided_by="somebody else"),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_approval_opens_nothing(tmp_path: Path, forge: Callable[[Ledger], None]) -> None:
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        forge(ledger)
        assert len(ledger.verify()) == 1
        assert not goes_through(ledger, ASKS_CALDICOTT)


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_the_door_asks_again_even_where_the_ledger_is_not_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forge: Callable[[Ledger], None]
) -> None:
    monkeypatch.setattr(Ledger, "verify", lambda _: ())
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        forge(ledger)
        assert not goes_through(ledger, ASKS_CALDICOTT)


def test_control_without_the_check_of_signatures_a_forged_approval_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (decisions, ledger_replay):
        monkeypatch.setattr(module, "signature_holds", lambda *_: True)
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        FORGERIES["in the approver's name"](ledger)
        assert goes_through(ledger, ASKS_CALDICOTT)


def test_an_approval_that_is_well_signed_by_a_stranger_opens_nothing(tmp_path: Path) -> None:
    """Under the chain and well signed, so the ledger is sound: only who may approve is asked."""
    for owner, policy in ((WITH_APPROVER, ASKS_CALDICOTT), (OWNER, NAMED)):
        with open_ledger(tmp_path / str(len(owner.approver_keys)), owner=owner) as ledger:
            forged(ledger, STRANGER)
            assert ledger.verify() == ()
            assert not goes_through(ledger, policy)


def test_control_without_the_check_of_the_signer_a_strangers_approval_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Owner, "may_give_leave", lambda *_: True)
    with open_ledger(tmp_path, owner=WITH_APPROVER) as ledger:
        forged(ledger, STRANGER)
        assert goes_through(ledger, ASKS_CALDICOTT)
