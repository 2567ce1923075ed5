"""What one council computes in a round: its record, Join, report, vote and reveal (B.1, B.4, B.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from . import wire
from .field import chunks, draw, le32, share
from .primitives import agree, digest, hkdf, labelled, lp, prg, public, seal, sha256, sign, unworded
from .wire import Envelope, fields


@dataclass(frozen=True)
class Keys:
    """The secret keys of a council: Ed25519 of its signatures and its certificate, X25519 (32 bytes) of its shares."""

    node_id: str
    idk: Ed25519PrivateKey
    ek: bytes
    certificate_key: Ed25519PrivateKey
    certificate: bytes

    def signed(self, message_type: str, payload: bytes) -> Envelope:
        """A payload under this council's signature."""
        return Envelope(payload, sign(self.idk, message_type, payload), self.node_id)


def self_signed(key: Ed25519PrivateKey) -> bytes:
    """A transport certificate, DER: the round needs one by its hash and its key, whoever signed it."""
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2036, 1, 1, tzinfo=UTC)
    )
    return builder.sign(key, None).public_bytes(Encoding.DER)


def record(keys: Keys, authority: Ed25519PrivateKey, valid: tuple[int, int], seq: int) -> bytes:
    """A SignedRecord."""
    payload = fields(
        keys.node_id,
        keys.idk.public_key().public_bytes_raw(),
        public(keys.ek),
        sha256(keys.certificate),
        valid[0],
        valid[1],
        seq,
    )
    by_node = sign(keys.certificate_key, "EnrolmentRecord", payload)
    return fields(payload, by_node, keys.certificate, b"", sign(authority, "EnrolmentRecord", payload))


@dataclass(frozen=True)
class Dealt:
    """A secret, its polynomial's further coefficients, and each committee member's share of it, sealed."""

    secret: int
    coefficients: list[int]
    shares: list[int]
    infos: list[bytes]
    ciphertexts: list[bytes]

    @property
    def digest(self) -> bytes:
        """SHA-256 of the ciphertexts, one after the other."""
        return sha256(b"".join(self.ciphertexts))


def deal(
    secret: int,
    coefficients: list[int],
    info: bytes,
    after: bytes,
    committee: Mapping[str, bytes],
    ephemerals: Sequence[bytes],
) -> Dealt:
    """`info` comes before member and index, `after` behind; `committee` is each member's ek_pub in order."""
    indices = range(1, len(committee) + 1)
    shares = [share(secret, coefficients, index) for index in indices]
    infos = [info + lp(member) + lp(index) + after for member, index in zip(committee, indices, strict=True)]
    boxes = zip(ephemerals, committee.values(), infos, shares, strict=True)
    ciphertexts = [seal(ephemeral, ek_pub, info, le32(value)) for ephemeral, ek_pub, info, value in boxes]
    return Dealt(secret, coefficients, shares, infos, ciphertexts)


@dataclass(frozen=True)
class Joined:
    """A Join and what is kept of it."""

    seed: bytes
    mask_sk: bytes
    mask_pk: bytes
    dealt: Dealt
    envelope: Envelope

    @property
    def hash(self) -> bytes:
        """join_hash."""
        return digest("join", self.envelope.payload)


def mask_secret(a: int, announce_hash: bytes, node_id: str) -> bytes:
    """sk_u."""
    return hkdf(le32(a), announce_hash, labelled("mask-sk", node_id))


def join(
    keys: Keys,
    round_id: bytes,
    announce_hash: bytes,
    committee: Mapping[str, bytes],
    t: int,
    r: bytes,
    ephemerals: Sequence[bytes],
) -> Joined:
    """A council's Join: `r` is what its operating system gave, `ephemerals` the sealing keys of its ciphertexts."""
    seed = hkdf(r, announce_hash, labelled("seed", keys.node_id, b""))
    stream = chunks(seed)
    a = draw(stream)
    coefficients = [draw(stream) for _ in range(t - 1)]
    sk = mask_secret(a, announce_hash, keys.node_id)
    info = labelled("share-a", announce_hash, keys.node_id)
    dealt = deal(a, coefficients, info, lp(public(sk)), committee, ephemerals)
    payload = fields(round_id, announce_hash, keys.node_id, public(sk), dealt.digest)
    return Joined(seed, sk, public(sk), dealt, keys.signed("Join", payload))


def pair_key(sk: bytes, me: str, other: str, mask_pks: Mapping[str, bytes], manifest_hash: bytes, group: str) -> bytes:
    """K_uv, from either side."""
    u, v = sorted((me, other))
    info = labelled("pair", group, u, v, mask_pks[u], mask_pks[v])
    return hkdf(agree(sk, mask_pks[other]), manifest_hash, info)


def self_key(b: int, nonce: bytes, node_id: str, manifest_hash: bytes, group: str) -> bytes:
    """K_u."""
    return hkdf(le32(b), manifest_hash, labelled("self", group, node_id, nonce))


@dataclass(frozen=True)
class Reported:
    """A report and what went into it."""

    seed: bytes
    nonce: bytes
    dealt: Dealt
    self_key: bytes
    pair_keys: dict[str, bytes]
    masked: list[int]
    envelope: Envelope

    @property
    def hash(self) -> bytes:
        """header_hash."""
        return digest("header", self.envelope.payload)


def report(
    keys: Keys,
    joined: Joined,
    z: list[int],
    width: int,
    round_id: bytes,
    manifest_hash: bytes,
    group: str,
    mask_pks: Mapping[str, bytes],
    committee: Mapping[str, bytes],
    t: int,
    r: bytes,
    ephemerals: Sequence[bytes],
) -> Reported:
    """A council's report of z, masked with everybody of its group's roster (`mask_pks`)."""
    me = keys.node_id
    seed = hkdf(r, manifest_hash, labelled("seed", me, sha256(unworded(z, width))))
    stream = chunks(seed)
    nonce, b = next(stream), draw(stream)
    coefficients = [draw(stream) for _ in range(t - 1)]
    own = self_key(b, nonce, me, manifest_hash, group)
    pairs = {v: pair_key(joined.mask_sk, me, v, mask_pks, manifest_hash, group) for v in mask_pks if v != me}
    masked = [value + mask for value, mask in zip(z, prg(own, len(z), width), strict=True)]
    for v, key in pairs.items():
        sign_of_pair = 1 if v > me else -1
        masked = [value + sign_of_pair * mask for value, mask in zip(masked, prg(key, len(z), width), strict=True)]
    masked = [value % 2**width for value in masked]
    dealt = deal(b, coefficients, labelled("share-b", manifest_hash, me), lp(nonce), committee, ephemerals)
    digest_of_vector, b_commit = sha256(unworded(masked, width)), digest("b", le32(b))
    payload = fields(round_id, manifest_hash, me, nonce, digest_of_vector, b_commit, dealt.digest)
    return Reported(seed, nonce, dealt, own, pairs, masked, keys.signed("ReportHeader", payload))


def reveal(keys: Keys, round_id: bytes, stmt_hash: bytes, entries: Sequence[tuple[int, int, int]]) -> Envelope:
    """A Reveal of (roster index, kind, share), in roster order."""
    listed = [fields(index, kind, le32(value)) for index, kind, value in entries]
    return keys.signed("Reveal", fields(round_id, keys.node_id, stmt_hash, listed))


def commit(keys: Keys, round_id: bytes, announce_hash: bytes, manifest_hash: bytes, stmt_hash: bytes) -> Envelope:
    """A Verdict that commits."""
    return keys.signed("Verdict", wire.commit(round_id, announce_hash, keys.node_id, manifest_hash, stmt_hash))


def abort(keys: Keys, round_id: bytes, announce_hash: bytes) -> Envelope:
    """A Verdict that aborts."""
    return keys.signed("Verdict", wire.abort(round_id, announce_hash, keys.node_id))
