"""If these failed, a member of the committee could open a share for another message than the one it is asked about."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.sa1.sealing import CIPHERTEXT_LENGTH, ShareDoesNotOpen, a_share_info, b_share_info, open_share, seal_share
from protos.sa1.sharing import ORDER
from protos.sa1.transcript import le32
from tests.protocol.epochs import x25519
from tests.protocol.model import primitives

MEMBER, OTHER = x25519("made up", "member"), x25519("made up", "other")
A, B = b"\xaa" * 32, b"\xbb" * 32
INFO = b_share_info(A, "X00000001", "X00000002", 2, B)


def public(key: X25519PrivateKey) -> bytes:
    """32 bytes."""
    return key.public_key().public_bytes_raw()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, ORDER - 1), st.binary(max_size=300))
def test_model_and_production_open_each_others(share: int, info: bytes) -> None:
    sealed = seal_share(share, public(MEMBER), info)
    assert len(sealed) == CIPHERTEXT_LENGTH
    assert open_share(sealed, MEMBER, info) == share
    assert primitives.unseal(MEMBER.private_bytes_raw(), info, sealed) == le32(share)
    modelled = primitives.seal(OTHER.private_bytes_raw(), public(MEMBER), info, le32(share))
    assert open_share(modelled, MEMBER, info) == share


def test_a_share_is_sealed_with_a_new_key_each_time() -> None:
    assert len({seal_share(5, public(MEMBER), INFO)[:32] for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "info",
    [
        b_share_info(B, "X00000001", "X00000002", 2, B),
        b_share_info(A, "X00000003", "X00000002", 2, B),
        b_share_info(A, "X00000001", "X00000003", 2, B),
        b_share_info(A, "X00000001", "X00000002", 3, B),
        b_share_info(A, "X00000001", "X00000002", 2, A),
        a_share_info(A, "X00000001", "X00000002", 2, B),
        b"",
        INFO + b"\0",
    ],
)
def test_a_share_opens_for_the_one_message_it_is_bound_to(info: bytes) -> None:
    """Manifest, owner, member, index and nonce or key each bind it (rows 23 and 34)."""
    sealed = seal_share(5, public(MEMBER), INFO)
    assert open_share(sealed, MEMBER, INFO) == 5
    with pytest.raises(ShareDoesNotOpen):
        open_share(sealed, MEMBER, info)


def test_names_cannot_be_moved_from_one_to_the_next() -> None:
    assert b_share_info(A, "X1", "X23", 2, B) != b_share_info(A, "X12", "X3", 2, B)


def test_a_share_opens_for_its_member_only() -> None:
    with pytest.raises(ShareDoesNotOpen):
        open_share(seal_share(5, public(OTHER), INFO), MEMBER, INFO)


def test_no_byte_can_be_changed() -> None:
    sealed = seal_share(5, public(MEMBER), INFO)
    for place in range(CIPHERTEXT_LENGTH):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(ShareDoesNotOpen):
            open_share(bytes(changed), MEMBER, INFO)


@pytest.mark.parametrize("length", [0, 31, 32, 48, 79, 81, 160])
def test_a_ciphertext_of_another_length_does_not_open(length: int) -> None:
    sealed = seal_share(5, public(MEMBER), INFO)
    with pytest.raises(ShareDoesNotOpen):
        open_share((sealed * 2)[:length], MEMBER, INFO)


@pytest.mark.parametrize("point", [0, 1, 2**255 - 20])
def test_an_encapsulated_key_of_low_order_does_not_open(point: int) -> None:
    sealed = seal_share(5, public(MEMBER), INFO)
    with pytest.raises(ShareDoesNotOpen):
        open_share(point.to_bytes(32, "little") + sealed[32:], MEMBER, INFO)


@pytest.mark.parametrize("plaintext", [ORDER.to_bytes(32, "little"), b"\xff" * 32, bytes(31), bytes(33), b""])
def test_what_opens_but_is_no_element_is_no_share(plaintext: bytes) -> None:
    sealed = primitives.seal(OTHER.private_bytes_raw(), public(MEMBER), INFO, plaintext)
    with pytest.raises(ShareDoesNotOpen):
        open_share(sealed, MEMBER, INFO)
