"""If these failed, one who is no council, or who is counted twice, could be a party to every round of an epoch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.epochs import read_epoch, read_record
from protos.sa1.masking import FIELD_PRIME
from protos.sa1.refusal import Refused
from protos.sa1.strict import encode
from protos.sa1.transcript import AUTHORITY, Signature
from tests.protocol.scenes import NORTH, SOUTH, TEN, Scene

SCENE = Scene(TEN)
Change = Callable[[pb.Epoch], object]


def changed(change: Change) -> pb.Signed:
    """The epoch with a change, signed by the authority again."""
    return SCENE.changed(Signature.EPOCH, pb.Epoch, SCENE.epoch_message, change)


def recertified(epoch: pb.Epoch, place: int, change: Callable[[pb.EnrolmentRecord], object]) -> None:
    """Changes a record, and has its council and the authority sign it again."""
    signed = epoch.records[place]
    record = pb.EnrolmentRecord.FromString(signed.payload)
    owner = record.node_id
    change(record)
    signed.payload = encode(record)
    signed.node_sig = transcript.sign(TEN.key(f"{owner}/certificate"), Signature.RECORD, signed.payload)
    signed.authority_sig = transcript.sign(TEN.key("authority"), Signature.RECORD, signed.payload)


def copied(source: int, target: int, field: str) -> Change:
    """Gives one council's key to another as well."""

    def change(epoch: pb.Epoch) -> None:
        value = getattr(pb.EnrolmentRecord.FromString(epoch.records[source].payload), field)
        recertified(epoch, target, lambda record: setattr(record, field, value))

    return change


def low_order(point: int) -> Change:
    """Gives a council a share key that nobody can seal to, or that has another encoding."""
    key = point.to_bytes(32, "little")
    return lambda epoch: recertified(epoch, 0, lambda record: setattr(record, "ek_pub", key))


def test_an_epoch_holds_what_the_authority_signed() -> None:
    epoch = SCENE.epoch
    assert tuple(epoch.members) == epoch.committee == tuple(TEN.node_ids)
    assert (epoch.number, epoch.previous_hash, epoch.threshold) == (1, bytes(32), 7)
    assert epoch.coordinator_key == TEN.key("coordinator").public_key().public_bytes_raw()
    assert {cell: list(nodes) for cell, nodes in epoch.partitions["england"].items()} == TEN.groups
    assert [epoch.index(member) for member in epoch.committee] == list(range(1, 11))
    assert epoch.cell_of("england", "X00000007") == SOUTH
    assert epoch.cell_of("england", "X99999999") is None
    with pytest.raises(Refused):
        epoch.index("X99999999")


@pytest.mark.parametrize(
    "change",
    [
        lambda epoch: setattr(epoch, "t", 6),
        lambda epoch: setattr(epoch, "t", 8),
        lambda epoch: setattr(epoch, "t", 1),
        lambda epoch: setattr(epoch, "prev_epoch_hash", bytes(31)),
        lambda epoch: setattr(epoch, "prev_epoch_hash", b""),
        lambda epoch: setattr(epoch, "coordinator_pub", bytes(33)),
        lambda epoch: epoch.records.append(epoch.records[0]),
        lambda epoch: epoch.records.insert(0, epoch.records[-1]),
        lambda epoch: epoch.records.reverse(),
        lambda epoch: epoch.records.pop(),
        lambda epoch: epoch.committee.append("X99999999"),
        lambda epoch: epoch.committee.__setitem__(0, "X00000002"),
        lambda epoch: epoch.ClearField("committee"),
        lambda epoch: epoch.partition_table[0].cells[0].node_ids.append("X99999999"),
        lambda epoch: epoch.partition_table[0].cells[0].node_ids.append("X00000007"),
        lambda epoch: epoch.partition_table[0].cells[0].node_ids.append("X00000006"),
        lambda epoch: epoch.partition_table[0].cells[0].node_ids.insert(0, "X00000006"),
        lambda epoch: epoch.partition_table[0].cells.reverse(),
        lambda epoch: epoch.partition_table[0].cells.append(epoch.partition_table[0].cells[1]),
        lambda epoch: epoch.partition_table.append(epoch.partition_table[0]),
        lambda epoch: setattr(epoch.partition_table[0], "partition_id", ""),
        lambda epoch: setattr(epoch.partition_table[0].cells[0], "cell_id", ""),
        lambda epoch: setattr(epoch.records[3], "authority_sig", epoch.records[4].authority_sig),
        lambda epoch: setattr(epoch.records[3], "authority_sig", b""),
        lambda epoch: setattr(epoch.records[3], "node_sig", epoch.records[4].node_sig),
        lambda epoch: setattr(epoch.records[3], "certificate", epoch.records[4].certificate),
        lambda epoch: setattr(epoch.records[3], "certificate", b"none"),
        copied(0, 1, "idk_pub"),
        copied(0, 1, "ek_pub"),
        copied(1, 0, "node_id"),
        lambda epoch: recertified(epoch, 2, lambda record: setattr(record, "idk_pub", bytes(31))),
        lambda epoch: recertified(epoch, 2, lambda record: setattr(record, "ek_pub", bytes(33))),
        lambda epoch: recertified(epoch, 2, lambda record: setattr(record, "x509_sha256", bytes(32))),
        lambda epoch: recertified(epoch, 2, lambda record: setattr(record, "seq", 0)),
        lambda epoch: recertified(epoch, 2, lambda record: setattr(record, "valid_to", record.valid_from)),
        low_order(0),
        low_order(1),
        low_order(FIELD_PRIME - 1),
        low_order(FIELD_PRIME + 9),
        low_order(9 | 1 << 255),
    ],
    ids=[
        "threshold below the rule",
        "threshold above the rule",
        "threshold of one",
        "short hash of the epoch before",
        "no hash of the epoch before",
        "long coordinator key",
        "record twice",
        "record twice and out of order",
        "records out of order",
        "committee member without a record",
        "stranger in the committee",
        "committee member twice",
        "no committee",
        "stranger in a group",
        "groups overlap",
        "council twice in a group",
        "group out of order",
        "groups out of order",
        "group twice",
        "partition twice",
        "partition without a name",
        "group without a name",
        "record with another's certification",
        "record not certified",
        "record not signed by its certificate",
        "record with another's certificate",
        "record without a certificate",
        "signing key of two councils",
        "share key of two councils",
        "two records of one council",
        "short signing key",
        "long share key",
        "record that names another certificate",
        "record without a number",
        "record without a time",
        "share key zero",
        "share key one",
        "share key of low order",
        "share key from p on",
        "share key with its top bit set",
    ],
)
def test_an_epoch_that_does_not_hold_together_is_refused_though_the_authority_signed_it(change: Change) -> None:
    with pytest.raises(Refused):
        read_epoch(changed(change), SCENE.authority_pub)


def test_an_epoch_that_the_authority_did_not_sign_is_refused() -> None:
    message = pb.Epoch.FromString(SCENE.epoch_message.payload)
    for signer in ("coordinator", "X00000001"):
        with pytest.raises(Refused, match="did not sign"):
            read_epoch(SCENE.say(Signature.EPOCH, message, signer), SCENE.authority_pub)
    with pytest.raises(Refused, match="did not sign"):
        read_epoch(SCENE.say(Signature.ANNOUNCE, message, AUTHORITY), SCENE.authority_pub)


def test_an_epoch_that_is_written_in_another_way_is_refused() -> None:
    payload = SCENE.epoch_message.payload + b"\x78\x01"
    sig = transcript.sign(TEN.key("authority"), Signature.EPOCH, payload)
    with pytest.raises(Refused, match="one way"):
        read_epoch(pb.Signed(payload=payload, sig=sig, signer=AUTHORITY), SCENE.authority_pub)


def test_a_record_is_certified_by_its_own_certificates_key() -> None:
    record = pb.Epoch.FromString(SCENE.epoch_message.payload).records[0]
    assert read_record(record).node_id == "X00000001"
    record.node_sig = transcript.sign(TEN.key("X00000002/certificate"), Signature.RECORD, record.payload)
    with pytest.raises(Refused, match="certificate's key"):
        read_record(record)


def test_a_group_that_some_are_not_in_is_allowed() -> None:
    epoch = read_epoch(
        changed(lambda epoch: epoch.partition_table[0].cells[0].node_ids.remove("X00000006")), SCENE.authority_pub
    )
    assert epoch.cell_of("england", "X00000006") is None
    assert NORTH in epoch.partitions["england"]
