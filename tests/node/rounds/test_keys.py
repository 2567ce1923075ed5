"""If these failed, old shares could be opened with keys that should be gone, or an epoch name keys not ours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from node.errors import LedgerDamaged
from node.rounds.enrolment import RENEWED_BEFORE_SECONDS, KeyHolder
from node.rounds.keys import RECORD_LIFE_SECONDS, make_record
from node.rounds.record_book import RecordBook
from node.rounds.wrapping import KeyWrapping
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.epochs import Epoch, read_epoch, read_record
from protos.sa1.refusal import Refused
from protos.sa1.sharing import threshold
from protos.sa1.transcript import Signature
from protos.signing import public_bytes
from tests.pki import TestAuthority
from tests.protocol.epochs import VALID_FROM, ed25519, made_up_record, node_ids, partition_table, signed_epoch, x25519

SEED = "made up"
AUTHORITY = ed25519(SEED, "authority")
ME, *OTHERS = node_ids(12)
NOW = VALID_FROM + 100


def epoch_with(record: pb.SignedRecord, number: int, previous: bytes = bytes(32)) -> Epoch:
    """An epoch of ours and eleven other records."""
    records = [record, *(made_up_record(SEED, each, number) for each in OTHERS)]
    signed = signed_epoch(
        AUTHORITY,
        pb.Epoch(
            epoch_no=number,
            prev_epoch_hash=previous,
            records=records,
            committee=[ME, *OTHERS],
            t=threshold(12),
            coordinator_pub=public_bytes(ed25519(SEED, "coordinator")),
            partition_table=partition_table({"england": {"E92000001": [ME, *OTHERS]}}),
        ),
    )
    return read_epoch(signed, public_bytes(AUTHORITY))


def new_keys() -> Iterator[X25519PrivateKey]:
    """Keys for shares, one after another."""
    return (x25519(SEED, f"ours/{number}") for number in count(1))


class House:
    """A node's folder, and its holder of keys, opened again as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.idk = ed25519(SEED, "ours")
        self.fresh = new_keys()
        self.now = NOW
        self.issue()

    def issue(self) -> None:
        """A certificate from the authority, for a new transport key."""
        issued = TestAuthority().issue(uris=["newlyn://council/201"], client=True)
        self.certificate = x509.load_pem_x509_certificate(issued.certificate)
        self.key = load_pem_private_key(issued.key, None)

    def book(self) -> RecordBook:
        return RecordBook(self.folder / "records.json", KeyWrapping(self.folder / "wrapping.key"))

    def holder(self) -> KeyHolder:
        return KeyHolder(
            node_id=ME,
            idk=self.idk,
            certificate=self.certificate,
            certificate_key=self.key,  # type: ignore[arg-type]
            book=self.book(),
            clock=lambda: self.now,
            new_share_key=lambda: next(self.fresh),
        )


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_record_is_signed_by_the_certificates_key_and_says_for_how_long(house: House) -> None:
    record = house.holder().record(None)
    member = read_record(record)
    assert (member.node_id, member.idk, member.seq) == (ME, public_bytes(house.idk), 1)
    assert (member.valid_from, member.valid_to) == (NOW, NOW + RECORD_LIFE_SECONDS)
    record.node_sig = record.node_sig[:-1] + bytes([record.node_sig[-1] ^ 1])
    with pytest.raises(Refused):
        read_record(record)


def test_the_same_record_is_handed_in_until_it_is_in_use(house: House) -> None:
    first = house.holder().record(None)
    assert house.holder().record(None) == first


def test_keys_in_use_are_followed_by_new_ones_at_once(house: House) -> None:
    first = house.holder().record(None)
    epoch = epoch_with(first, 1)
    second = house.holder().record(epoch)
    one, other = read_record(first), read_record(second)
    assert (other.seq, other.idk, other.ek == one.ek) == (2, one.idk, False)
    assert house.holder().keys.share_key(epoch) is not None
    assert house.book().made(first.payload)
    assert house.book().made(second.payload)
    assert not house.book().made(made_up_record(SEED, ME).payload)


def test_a_renewed_certificate_is_certified_anew(house: House) -> None:
    first = house.holder().record(None)
    house.issue()
    second = house.holder().record(None)
    assert second.certificate != first.certificate
    assert read_record(second).seq == 2


def test_a_record_that_is_about_to_expire_is_followed_by_another(house: House) -> None:
    first = house.holder().record(None)
    house.now += RECORD_LIFE_SECONDS - RENEWED_BEFORE_SECONDS
    assert house.holder().record(None) == first
    house.now += 1
    assert read_record(house.holder().record(None)).valid_to == house.now + RECORD_LIFE_SECONDS


def test_a_key_is_deleted_one_epoch_after_it_was_replaced_and_not_before(house: House) -> None:
    epochs: list[Epoch] = []
    for number in (1, 2, 3):
        record = house.holder().record(epochs[-1] if epochs else None)
        epochs.append(epoch_with(record, number, epochs[-1].hash if epochs else bytes(32)))
    house.holder().record(epochs[-1])
    book = house.book()
    book.delete_old_keys(epochs[:2], ME)
    assert all(book.find_share_key(epoch.members[ME].ek) for epoch in epochs)
    book.delete_old_keys(epochs[1:], ME)
    book = house.book()
    assert [book.find_share_key(epoch.members[ME].ek) is None for epoch in epochs] == [True, False, False]
    assert book.newest is not None
    assert book.find_share_key(book.newest.member.ek) is not None
    text = (house.folder / "records.json").read_text(encoding="utf-8")
    assert text.count('"wrapped_key":""') == 1


def test_private_keys_rest_wrapped_and_owner_only(house: House) -> None:
    house.holder().record(None)
    private = x25519(SEED, "ours/1").private_bytes_raw()
    for path in house.folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert private not in path.read_bytes()
    (house.folder / "wrapping.key").write_bytes(bytes(32))
    with pytest.raises(LedgerDamaged):
        house.book().find_share_key(x25519(SEED, "ours/1").public_key().public_bytes_raw())


def test_a_wrapped_secret_opens_only_for_what_it_was_wrapped_for(tmp_path: Path) -> None:
    wrapping = KeyWrapping(tmp_path / "wrapping.key")
    wrapped = wrapping.wrap(b"secret", b"one")
    assert wrapping.unwrap(wrapped, b"one") == b"secret"
    assert wrapping.wrap(b"secret", b"one") != wrapped
    for bad, about in ((wrapped, b"other"), (wrapped[:-1], b"one"), (b"", b"one")):
        with pytest.raises(LedgerDamaged):
            wrapping.unwrap(bad, about)
    with pytest.raises(LedgerDamaged, match="cannot be opened"):
        KeyWrapping(tmp_path / "other.key").unwrap(wrapped, b"one")


def test_a_moved_signing_key_is_vouched_for_by_the_old_one() -> None:
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    made = TestAuthority().issue(uris=["newlyn://council/201"], client=True)
    key = load_pem_private_key(made.key, None)
    record = make_record(
        node_id=ME,
        idk=new,
        share_key=X25519PrivateKey.generate(),
        certificate=x509.load_pem_x509_certificate(made.certificate),
        certificate_key=key,  # type: ignore[arg-type]
        seq=1,
        now=NOW,
        previous_idk=old,
    )
    assert transcript.holds(public_bytes(old), Signature.RECORD_KEY, record.payload, record.previous_idk_sig)
    assert not transcript.holds(public_bytes(old), Signature.RECORD, record.payload, record.previous_idk_sig)
