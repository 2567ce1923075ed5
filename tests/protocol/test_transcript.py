"""If these failed, a hash or signature of one thing could be shown as that of another.

Every domain-separation string of the protocol is written out here as bytes. None may ever change: a changed one is a
new version of the protocol, with a new prefix.
"""

from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.sa1 import hedging, masking, sealing, transcript
from protos.sa1.transcript import Signature
from tests.protocol.epochs import ed25519

SIGNATURES = {
    Signature.EPOCH: b"\0\0\0\x14newlyn/sa1/sig/Epoch",
    Signature.RECORD: b"\0\0\0\x1enewlyn/sa1/sig/EnrolmentRecord",
    Signature.RECORD_KEY: b"\0\0\0\x29newlyn/sa1/sig/EnrolmentRecord/key-change",
    Signature.ANNOUNCE: b"\0\0\0\x1cnewlyn/sa1/sig/RoundAnnounce",
    Signature.JOIN: b"\0\0\0\x13newlyn/sa1/sig/Join",
    Signature.MANIFEST: b"\0\0\0\x1cnewlyn/sa1/sig/RoundManifest",
    Signature.REPORT: b"\0\0\0\x1bnewlyn/sa1/sig/ReportHeader",
    Signature.RECEIPT: b"\0\0\0\x16newlyn/sa1/sig/Receipt",
    Signature.STATEMENT: b"\0\0\0\x18newlyn/sa1/sig/Statement",
    Signature.ABORT_REQUEST: b"\0\0\0\x1bnewlyn/sa1/sig/AbortRequest",
    Signature.VERDICT: b"\0\0\0\x16newlyn/sa1/sig/Verdict",
    Signature.REVEAL: b"\0\0\0\x15newlyn/sa1/sig/Reveal",
    Signature.RESULT: b"\0\0\0\x1anewlyn/sa1/sig/RoundResult",
}
A, B, C = b"\xaa" * 32, b"\xbb" * 32, b"\xcc" * 32
ONE = (1).to_bytes(32, "little")
KEY = ed25519("made up", "transcript")
PUBLIC = KEY.public_key().public_bytes_raw()


def sha256(content: bytes) -> bytes:
    """Plain."""
    return hashlib.sha256(content).digest()


def test_every_signature_has_its_label() -> None:
    assert set(SIGNATURES) == set(Signature)
    for kind, label in SIGNATURES.items():
        assert transcript.sign(KEY, kind, b"payload") == KEY.sign(label + b"\0\0\0\x07payload")


def test_every_hash_has_its_label() -> None:
    part = b"\0\0\0\x01p"
    assert transcript.epoch_hash(b"p") == sha256(b"\0\0\0\x10newlyn/sa1/epoch" + part)
    assert transcript.announce_hash(b"p") == sha256(b"\0\0\0\x13newlyn/sa1/announce" + part)
    assert transcript.join_hash(b"p") == sha256(b"\0\0\0\x0fnewlyn/sa1/join" + part)
    assert transcript.header_hash(b"p") == sha256(b"\0\0\0\x11newlyn/sa1/header" + part)
    assert transcript.statement_hash(b"p") == sha256(b"\0\0\0\x0fnewlyn/sa1/stmt" + part)
    assert transcript.self_mask_commitment(1) == sha256(b"\0\0\0\x0cnewlyn/sa1/b\0\0\0\x20" + ONE)
    assert transcript.digest_of([b"one", b"two"]) == sha256(b"onetwo")


def test_a_manifests_hash_holds_the_announcement_the_number_of_entries_and_each() -> None:
    joins = [sha256(b"\0\0\0\x0fnewlyn/sa1/join\0\0\0\x01" + payload) for payload in (b"p", b"q")]
    number = b"\0\0\0\x08" + (2).to_bytes(8, "big")
    listed = b"".join(b"\0\0\0\x20" + join for join in joins)
    expected = sha256(b"\0\0\0\x13newlyn/sa1/manifest\0\0\0\x20" + A + number + listed)
    assert transcript.manifest_hash(A, [b"p", b"q"]) == expected


def test_every_key_has_its_label() -> None:
    pk = [masking.mask_private_key(secret, A, "X00000001").public_key().public_bytes_raw() for secret in (1, 2)]
    mine = masking.mask_private_key(1, A, "X00000001")
    names = b"\0\0\0\x09X12000001\0\0\0\x09X00000001\0\0\0\x09X00000002"
    seen: list[bytes] = []

    def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
        seen.append(info)
        return bytes(32)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masking, "hkdf", hkdf)
        masking.mask_private_key(1, A, "X00000001")
        masking.pair_key(mine, pk[1], B, "X12000001", ("X00000001", "X00000002"), (pk[0], pk[1]))
        masking.self_key(1, B, "X12000001", "X00000001", C)
        patch.setattr(hedging, "hkdf", hkdf)
        hedging.join_secrets(bytes(32), A, "X00000001", 1)
        hedging.report_secrets(bytes(32), B, "X00000001", 1, masking.to_ring([1], 32))
    assert seen == [
        b"\0\0\0\x12newlyn/sa1/mask-sk\0\0\0\x09X00000001",
        b"\0\0\0\x0fnewlyn/sa1/pair" + names + b"\0\0\0\x20" + pk[0] + b"\0\0\0\x20" + pk[1],
        b"\0\0\0\x0fnewlyn/sa1/self\0\0\0\x09X12000001\0\0\0\x09X00000001\0\0\0\x20" + C,
        b"\0\0\0\x0fnewlyn/sa1/seed\0\0\0\x09X00000001\0\0\0\0",
        b"\0\0\0\x0fnewlyn/sa1/seed\0\0\0\x09X00000001\0\0\0\x20" + sha256(b"\x01\0\0\0"),
    ]


def test_every_share_has_its_label() -> None:
    names = b"\0\0\0\x09X00000001\0\0\0\x09X00000002\0\0\0\x08\0\0\0\0\0\0\0\x03"
    assert sealing.a_share_info(A, "X00000001", "X00000002", 3, B) == (
        b"\0\0\0\x12newlyn/sa1/share-a\0\0\0\x20" + A + names + b"\0\0\0\x20" + B
    )
    assert sealing.b_share_info(A, "X00000001", "X00000002", 3, B) == (
        b"\0\0\0\x12newlyn/sa1/share-b\0\0\0\x20" + A + names + b"\0\0\0\x20" + B
    )


def test_numbers_and_field_elements_have_one_length() -> None:
    assert transcript.number(2**64 - 1) == b"\xff" * 8
    assert transcript.le32(1) == ONE
    for number in (-1, 2**64):
        with pytest.raises(OverflowError):
            transcript.number(number)


@given(st.lists(st.binary(max_size=20), max_size=5), st.lists(st.binary(max_size=20), max_size=5))
def test_no_two_lists_of_parts_are_written_alike(one: list[bytes], other: list[bytes]) -> None:
    written = [b"".join(map(transcript.lp, parts)) for parts in (one, other)]
    assert (written[0] == written[1]) == (one == other)


def test_a_signature_holds_for_its_own_type_of_message_only() -> None:
    for made, shown in itertools.product(Signature, repeat=2):
        signature = transcript.sign(KEY, made, b"payload")
        assert transcript.holds(PUBLIC, shown, b"payload", signature) == (made == shown)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_flipped_bit_in_payload_signature_or_key_is_noticed(payload: bytes, data: st.DataObject) -> None:
    parts = [PUBLIC, payload, transcript.sign(KEY, Signature.JOIN, payload)]
    assert transcript.holds(parts[0], Signature.JOIN, parts[1], parts[2])
    place = data.draw(st.integers(0, 2))
    content = bytearray(parts[place])
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    parts[place] = bytes(content)
    assert not transcript.holds(parts[0], Signature.JOIN, parts[1], parts[2])


@pytest.mark.parametrize("key", [b"", b"\0" * 31, b"\xff" * 33])
def test_a_key_of_another_length_signs_nothing(key: bytes) -> None:
    assert not transcript.holds(key, Signature.JOIN, b"", transcript.sign(KEY, Signature.JOIN, b""))
