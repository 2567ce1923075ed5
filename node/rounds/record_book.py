"""The records this node has made of its keys, and the private halves of those that shares may still be sealed to.

One file in the state folder, written whole. Private keys in it are wrapped; one is deleted for good once the epoch
after its own has been replaced too (secure aggregation reference, B.1 and B.8).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import BaseModel, ConfigDict

from node.rounds.state_file import Base64, load, save
from node.rounds.wrapping import KeyWrapping
from protos.round.v1 import round_pb2 as pb
from protos.sa1.epochs import Epoch, Member, read_record
from protos.sa1.strict import encode


class MadeRecord(BaseModel):
    """A record (serialised SignedRecord), and its private key for shares, wrapped; empty once that is deleted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signed: Base64
    wrapped_key: Base64 = b""

    @property
    def message(self) -> pb.SignedRecord:
        """As it is sent."""
        return pb.SignedRecord.FromString(self.signed)

    @property
    def member(self) -> Member:
        """As it is read."""
        return read_record(self.message)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    records: tuple[MadeRecord, ...] = ()


class RecordBook:
    """The records in one file. Every change is on the disk when it returns."""

    def __init__(self, path: Path, wrapping: KeyWrapping) -> None:
        self._path = path
        self._wrapping = wrapping
        self._records = load(path, _File).records

    @property
    def newest(self) -> MadeRecord | None:
        """The record that was made last, or None."""
        return self._records[-1] if self._records else None

    def made(self, payload: bytes) -> bool:
        """Whether a record is one of this node's."""
        return any(each.message.payload == payload for each in self._records)

    def add(self, signed: pb.SignedRecord, share_key: X25519PrivateKey) -> None:
        """Keeps a new record, before it is handed in."""
        public = share_key.public_key().public_bytes_raw()
        wrapped = self._wrapping.wrap(share_key.private_bytes_raw(), public)
        self._save([*self._records, MadeRecord(signed=encode(signed), wrapped_key=wrapped)])

    def find_share_key(self, public: bytes) -> X25519PrivateKey | None:
        """The private half of a key for shares, or None where there was none, or it was deleted."""
        for each in self._records:
            if each.wrapped_key and each.member.ek == public:
                return X25519PrivateKey.from_private_bytes(self._wrapping.unwrap(each.wrapped_key, public))
        return None

    def delete_old_keys(self, epochs: Collection[Epoch], node_id: str) -> None:
        """Deletes the private keys of records that were in an epoch before `epochs`, the ones whose rounds may run."""
        used = {epoch.members[node_id].ek for epoch in epochs if node_id in epoch.members}
        latest = max((place for place, each in enumerate(self._records) if each.member.ek in used), default=-1)
        kept = [
            each.model_copy(update={"wrapped_key": b""}) if place < latest and each.member.ek not in used else each
            for place, each in enumerate(self._records)
        ]
        if kept != list(self._records):
            self._save(kept)

    def _save(self, records: Iterable[MadeRecord]) -> None:
        made = _File(records=tuple(records))
        save(self._path, made)
        self._records = made.records
