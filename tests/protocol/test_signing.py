"""If these failed, a message could be forged, or shown as one of another type."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protos.signing import EnvelopeRefused, Label, key_id, open_envelope, public_bytes, seal, sign_bytes, verify_bytes

# RFC 8032, section 7.1, test 1: the secret key; our signatures are Ed25519 over a labelled message.
KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def test_the_public_key_is_the_one_of_the_standards_test_vector() -> None:
    assert public_bytes(KEY) == PUBLIC


def test_what_is_signed_is_domain_label_and_payload_byte_for_byte() -> None:
    assert sign_bytes(KEY, Label.SUMMARY, b"payload") == KEY.sign(b"newlyn\x00summary/1\x00payload")


def test_signatures_do_not_change_from_one_version_to_the_next() -> None:
    assert key_id(PUBLIC) == "21fe31dfa154a261"
    assert sign_bytes(KEY, Label.COLLECTION, b"").hex() == (
        "a8b992db5d15ced7f7708169ff84f659f4f7f758a1d18343d15a8189a843a8c0"
        "c5159476e708a3457f2e0bdb75aa260b3a72019b481b62f85831d9320a516205"
    )


@given(st.binary(max_size=200), st.sampled_from(list(Label)))
def test_a_sealed_payload_opens_to_the_same_bytes(payload: bytes, label: Label) -> None:
    assert open_envelope(seal(KEY, label, payload), label, PUBLIC) == payload


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_flipped_bit_anywhere_is_refused(payload: bytes, data: st.DataObject) -> None:
    envelope = seal(KEY, Label.SUMMARY, payload)
    field = data.draw(st.sampled_from(["payload", "signature"]))
    content = bytearray(getattr(envelope, field))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    setattr(envelope, field, bytes(content))
    with pytest.raises(EnvelopeRefused):
        open_envelope(envelope, Label.SUMMARY, PUBLIC)


def test_an_envelope_is_refused_under_another_label_even_when_relabelled() -> None:
    envelope = seal(KEY, Label.COLLECTION, b"payload")
    with pytest.raises(EnvelopeRefused, match="another type"):
        open_envelope(envelope, Label.SUMMARY, PUBLIC)
    envelope.label = Label.SUMMARY.value
    with pytest.raises(EnvelopeRefused, match="does not hold"):
        open_envelope(envelope, Label.SUMMARY, PUBLIC)


def test_an_envelope_of_another_signer_is_refused_even_when_it_claims_ours() -> None:
    envelope = seal(Ed25519PrivateKey.generate(), Label.SUMMARY, b"payload")
    with pytest.raises(EnvelopeRefused, match="another key"):
        open_envelope(envelope, Label.SUMMARY, PUBLIC)
    envelope.key_id = key_id(PUBLIC)
    with pytest.raises(EnvelopeRefused, match="does not hold"):
        open_envelope(envelope, Label.SUMMARY, PUBLIC)


def test_a_key_that_is_no_key_is_refused_and_not_raised_as_something_else() -> None:
    with pytest.raises(EnvelopeRefused):
        verify_bytes(b"short", Label.SUMMARY, b"", b"\x00" * 64)
