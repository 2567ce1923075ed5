"""What a node holds fast of epochs, because the enrolment authority cannot vouch for it: a node accepts no other.

The authority's key is the one that came with the invitation; members are councils of the list that ships with this
software; each epoch names the one before it; and a council whose signing key changes shows it with the old key, or a
person here confirms the new one. Of other changes an epoch may hold `MOST_UNATTESTED_KEY_CHANGES`. Secure aggregation
reference, B.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.epochs import Epoch, Member, read_epoch
from protos.sa1.refusal import Refused
from protos.sa1.transcript import Signature

MOST_UNATTESTED_KEY_CHANGES = 2
SMALLEST_COMMITTEE = 10
"""In production; a smaller one protects nobody from its members."""
KEPT_EPOCHS = 2
"""The newest, and the one whose rounds may still be running."""


@dataclass(frozen=True)
class PinTerms:
    """What the council fixed beforehand.

    `authority_key` is the enrolment authority's (Ed25519, 32 bytes), `allowed` the node_ids that may be members, and
    `is_own_record` whether a record of this node (its payload) is one that it made. `small_committee` accepts
    committees below `SMALLEST_COMMITTEE`, for demonstrations.
    """

    authority_key: bytes
    node_id: str
    allowed: frozenset[str]
    is_own_record: Callable[[bytes], bool]
    small_committee: bool = False


@dataclass(frozen=True)
class PinState:
    """What was accepted so far: `chain` are the hashes of all epochs, oldest first; `kept` the newest ones whole.

    `idks` are the signing keys last seen, and `confirmed` those that a person here compared with the council, by
    node_id.
    """

    chain: tuple[bytes, ...] = ()
    kept: tuple[bytes, ...] = ()
    idks: Mapping[str, bytes] = field(default_factory=dict)
    confirmed: Mapping[str, bytes] = field(default_factory=dict)


class PinMemory(Protocol):
    """Where pins survive a restart."""

    def load(self) -> PinState:
        """What was saved last, or an empty state."""

    def save(self, state: PinState) -> None:
        """Saves the state, whole or not at all, before it returns."""


class Pins:
    """The epochs that this node accepts, and has accepted."""

    def __init__(self, terms: PinTerms, memory: PinMemory) -> None:
        self._terms = terms
        self._memory = memory
        self._state = memory.load()
        self._kept = {
            epoch.hash: epoch
            for epoch in (read_epoch(pb.Signed.FromString(each), terms.authority_key) for each in self._state.kept)
        }

    @property
    def state(self) -> PinState:
        """What is held fast now."""
        return self._state

    @property
    def current(self) -> Epoch | None:
        """The newest epoch accepted here, or None before the first."""
        return self._kept[self._state.chain[-1]] if self._state.chain else None

    @property
    def kept(self) -> tuple[Epoch, ...]:
        """The newest epochs, whose rounds may still be running."""
        return tuple(self._kept.values())

    def find(self, epoch_hash: bytes) -> Epoch | None:
        """An accepted epoch whose rounds may still be running, or None."""
        return self._kept.get(epoch_hash)

    def adopt(self, signed: pb.Signed) -> Epoch:
        """Accepts an epoch that follows the newest one, and keeps it; one known already changes nothing.

        Raises Refused for an epoch that does not hold together (`protos.sa1.epochs.read_epoch`) or that these pins do
        not allow. The text names no council; `unattested_changes` does.
        """
        epoch = read_epoch(signed, self._terms.authority_key)
        if epoch.hash in self._state.chain:
            return epoch
        check_follows(epoch, self.current)
        check_members(epoch, self._terms)
        if len(unattested_changes(epoch, self._state)) > MOST_UNATTESTED_KEY_CHANGES:
            raise Refused("an epoch in which more signing keys changed than may change unconfirmed")
        state = replace(
            self._state,
            chain=(*self._state.chain, epoch.hash),
            kept=(*self._state.kept, signed.SerializeToString(deterministic=True))[-KEPT_EPOCHS:],
            idks={**self._state.idks, **{member.node_id: member.idk for member in epoch.members.values()}},
        )
        self._memory.save(state)
        self._state = state
        self._kept = {each: self._kept[each] for each in self._kept if each in state.chain[-KEPT_EPOCHS:]}
        self._kept[epoch.hash] = epoch
        return epoch

    def confirm(self, node_id: str, idk: bytes) -> None:
        """A person has compared this signing key with the council: an epoch may bring it. Raises Refused for no key."""
        if node_id not in self._terms.allowed or len(idk) != 32:
            raise Refused("a key of 32 bytes of a council of England is needed")
        self._state = replace(self._state, confirmed={**self._state.confirmed, node_id: idk})
        self._memory.save(self._state)


def check_follows(epoch: Epoch, newest: Epoch | None) -> None:
    """The first epoch may have any number; each after it names the one before, and counts one more. Raises Refused."""
    if newest is not None and (epoch.number, epoch.previous_hash) != (newest.number + 1, newest.hash):
        raise Refused("an epoch that does not follow the newest one accepted here")


def check_members(epoch: Epoch, terms: PinTerms) -> None:
    """Members are councils of the list, this node's record is its own, the committee is large. Raises Refused."""
    if not set(epoch.members) <= terms.allowed:
        raise Refused("an epoch with a member that is not a council of England")
    own = epoch.members.get(terms.node_id)
    if own is not None and not terms.is_own_record(own.payload):
        raise Refused("an epoch with a record of this node that it did not make")
    if len(epoch.committee) < SMALLEST_COMMITTEE and not terms.small_committee:
        raise Refused(f"a committee of fewer than {SMALLEST_COMMITTEE}")


def changed_keys(epoch: Epoch, state: PinState) -> list[Member]:
    """The members whose signing key is another than the one seen last, sorted."""
    return [
        member
        for _, member in sorted(epoch.members.items())
        if state.idks.get(member.node_id, member.idk) != member.idk
    ]


def unattested_changes(epoch: Epoch, state: PinState) -> list[Member]:
    """The changed keys that neither the old key signed nor a person here confirmed."""
    return [member for member in changed_keys(epoch, state) if not _is_attested(member, state)]


def _is_attested(member: Member, state: PinState) -> bool:
    if state.confirmed.get(member.node_id) == member.idk:
        return True
    old = state.idks[member.node_id]
    return transcript.holds(old, Signature.RECORD_KEY, member.payload, member.previous_idk_signature)
