"""Signed decisions: what a person signs, whose word counts, and which decision stands. No storage here.

What is signed is the council's code and everything the entry says: for a decision its collection, release, plan hash,
decision, name and time. The time is under the signature, and times in a ledger never go back: an approval that was
followed by a refusal cannot be put there again. Each kind of entry has a label of its own (`protos.signing`).

Where the policy lists approvers, what opens a way (an approval, a higher limit, a repair) needs the key of one of them;
what closes one (a refusal, a lower limit) needs only the node's own. Where it lists none, the node's own key signs all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.ledger_entries import Decision, Entry, EntryKind, canonical
from node.policy import Limits
from protos.signing import EnvelopeRefused, Label, public_bytes, sign_bytes, verify_bytes

_LABELS = {
    EntryKind.DECISION: Label.DECISION,
    EntryKind.LIMIT: Label.LIMIT,
    EntryKind.REPAIRED: Label.REPAIR,
}
SIGNED_KINDS = frozenset(_LABELS)


def statement(council_code: str, entry: Entry) -> bytes:
    """The bytes that are signed: canonical JSON of the council's code and what the entry says."""
    said = {"council_code": council_code} | entry.as_json()
    for not_said in ("sequence", "signer", "signature", "hash"):
        said.pop(not_said, None)
    return canonical(said)


def signed_by(key: Ed25519PrivateKey, council_code: str, draft: Entry) -> Entry:
    """The draft with signer and signature. Only decisions, limits and repairs are signed."""
    signature = sign_bytes(key, _LABELS[draft.kind], statement(council_code, draft))
    return replace(draft, signer=public_bytes(key), signature=signature)


def signature_holds(council_code: str, entry: Entry) -> bool:
    """Whether a decision, limit or repair is signed by the key that it names, for this council."""
    try:
        verify_bytes(entry.signer or b"", _LABELS[entry.kind], statement(council_code, entry), entry.signature or b"")
    except EnvelopeRefused:
        return False
    return True


@dataclass(frozen=True)
class Owner:
    """Whose ledger it is: the council, the node's own signing key, and the public keys of the approvers it lists."""

    council_code: str
    signing_key: Ed25519PrivateKey
    approver_keys: frozenset[bytes] = frozenset()

    def may_give_leave(self, public_key: bytes) -> bool:
        """Whether an approval, a higher limit or a repair signed with this key counts."""
        return public_key in (self.approver_keys or {public_bytes(self.signing_key)})

    def gave_leave(self, entry: Entry) -> bool:
        """Whether an entry that opens a way counts: the signature holds, and the signer may."""
        return self.may_give_leave(entry.signer or b"") and signature_holds(self.council_code, entry)


def standing_decision(
    entries: Iterable[Entry], release: tuple[str, str], plan_hash: bytes, owner: Owner
) -> Decision | None:
    """The last decision that counts on exactly this plan of a release, or None. A refusal counts from anybody."""
    standing: Decision | None = None
    for entry in entries:
        about_it = entry.kind is EntryKind.DECISION and (entry.release, entry.plan_hash) == (release, plan_hash)
        if about_it and (entry.decision == "refused" or owner.gave_leave(entry)):
            standing = entry.decision
    return standing


def recorded_limits(entries: Iterable[Entry], counts: Callable[[Entry], bool]) -> Limits | None:
    """The last limits in the ledger that count, or None before the first charge or repair.

    The first came from the policy. Lower ones count from anybody; higher ones where `counts` says so.
    """
    standing: Limits | None = None
    for entry in entries:
        if entry.kind is EntryKind.LIMIT or (entry.kind is EntryKind.REPAIRED and standing is None):
            stated = Limits(entry.year_limit_units or 0, entry.life_limit_units or 0)
            if standing is None or not stated.exceed(standing) or counts(entry):
                standing = stated
    return standing


def limits_in_force(entries: Iterable[Entry], owner: Owner, policy: Limits) -> Limits:
    """The policy's limits, where they are not above those in the ledger."""
    recorded = recorded_limits(entries, owner.gave_leave)
    return policy if recorded is None else policy.at_most(recorded)
