"""When this node certifies new keys for shares: at first, and again as soon as those of the newest record are in use.

So the coordinator always holds keys for the next epoch that were in none before. A record that is about to expire, or
whose certificate was renewed, is followed by another too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from node.rounds.keys import CertificateKey, NodeKeys, make_record
from node.rounds.record_book import MadeRecord, RecordBook
from protos.round.v1 import round_pb2 as pb
from protos.sa1.epochs import Epoch
from protos.signing import public_bytes

RENEWED_BEFORE_SECONDS = 60 * 24 * 3600
"""So long before a record expires it is followed by another."""


@dataclass(frozen=True)
class KeyHolder:
    """This node's long-lived keys, and the book of its records. `clock` gives seconds since 1970-01-01 UTC."""

    node_id: str
    idk: Ed25519PrivateKey
    certificate: x509.Certificate
    certificate_key: CertificateKey
    book: RecordBook
    clock: Callable[[], int]
    new_share_key: Callable[[], X25519PrivateKey] = X25519PrivateKey.generate

    @property
    def keys(self) -> NodeKeys:
        """What this node signs and opens shares with."""
        return NodeKeys(self.node_id, self.idk, self.book.find_share_key)

    def record(self, current: Epoch | None) -> pb.SignedRecord:
        """The record for the epoch after `current`, the newest one: made now where there is none as yet."""
        newest = self.book.newest
        if newest is not None and not self._is_used_up(newest, current):
            return newest.message
        share_key = self.new_share_key()
        made = make_record(
            node_id=self.node_id,
            idk=self.idk,
            share_key=share_key,
            certificate=self.certificate,
            certificate_key=self.certificate_key,
            seq=newest.member.seq + 1 if newest else 1,
            now=self.clock(),
        )
        self.book.add(made, share_key)
        return made

    def _is_used_up(self, newest: MadeRecord, current: Epoch | None) -> bool:
        record = newest.member
        own = current.members.get(self.node_id) if current is not None else None
        keys_of_today = (public_bytes(self.idk), self.certificate.fingerprint(SHA256()))
        in_use = own is not None and own.ek == record.ek
        expires = record.valid_to - self.clock() < RENEWED_BEFORE_SECONDS
        return in_use or expires or (record.idk, record.certificate_sha256) != keys_of_today
