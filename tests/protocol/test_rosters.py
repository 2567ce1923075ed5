"""If these failed, a key could be put in the place of a council's, or one bad Join stop a whole round (rows 5, 38)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.masking import FIELD_PRIME
from protos.sa1.refusal import Refused
from protos.sa1.rosters import read_join, read_manifest
from protos.sa1.transcript import COORDINATOR, Signature
from tests.protocol.scenes import NORTH, SOUTH, TEN, Scene, signed

SCENE = Scene(TEN)
JOIN = signed(SCENE.it.joins["X00000001"].envelope)


def joined(**fields: object) -> pb.Signed:
    """The first council's Join with other fields, signed by it again."""

    def change(join: pb.Join) -> None:
        for name, value in fields.items():
            setattr(join, name, value)

    return SCENE.changed(Signature.JOIN, pb.Join, JOIN, change)


def manifest(change: Callable[[pb.RoundManifest], object]) -> pb.Signed:
    """The manifest with a change, signed by the coordinator again."""
    return SCENE.changed(Signature.MANIFEST, pb.RoundManifest, SCENE.manifest_message, change)


def put_first(join: pb.Signed, message: pb.RoundManifest) -> None:
    """Puts a Join in the first one's place."""
    message.roster[0].CopyFrom(join)


def take_out(place: int, message: pb.RoundManifest) -> None:
    """Takes the Join of a place out."""
    del message.roster[place]


def point(number: int) -> bytes:
    """A public key of 32 bytes."""
    return number.to_bytes(32, "little")


def test_a_roster_is_those_who_joined_and_the_groups_are_the_epochs() -> None:
    roster = SCENE.roster
    assert roster.cells[NORTH] == ("X00000001", "X00000002", "X00000003", "X00000004", "X00000005")
    assert roster.cells[SOUTH] == ("X00000007", "X00000008", "X00000009", "X00000010")
    assert [roster.place(entry.node_id) for entry in roster.entries] == list(range(9))
    assert roster.cell_of("X00000010") == SOUTH
    assert roster.cell_of("X00000006") is None
    assert roster.entry("X00000006") is None
    with pytest.raises(Refused):
        roster.place("X00000006")


@pytest.mark.parametrize(
    "fields",
    [
        {"round_id": bytes(16)},
        {"announce_hash": bytes(32)},
        {"node_id": "X00000002"},
        {"node_id": "X99999999"},
        {"node_id": ""},
        {"a_shares_digest": bytes(31)},
        {"mask_pk": b""},
        {"mask_pk": bytes(31)},
        {"mask_pk": point(0)},
        {"mask_pk": point(1)},
        {"mask_pk": point(FIELD_PRIME - 1)},
        {"mask_pk": point(FIELD_PRIME)},
        {"mask_pk": point(FIELD_PRIME + 9)},
        {"mask_pk": point(9 | 1 << 255)},
        {"mask_pk": point(325606250916557431795983626356110631294008115727848805560023387167927233504)},
    ],
    ids=str,
)
def test_a_join_that_its_council_should_not_have_sent_is_refused(fields: dict[str, object]) -> None:
    """Alone, as at intake, and in a manifest."""
    bad = joined(**fields)
    assert read_join(JOIN, SCENE.announce, SCENE.epoch).node_id == "X00000001"
    with pytest.raises(Refused):
        read_join(bad, SCENE.announce, SCENE.epoch)
    with pytest.raises(Refused):
        read_manifest(manifest(partial(put_first, bad)), SCENE.announce, SCENE.epoch)


def test_a_key_put_in_the_place_of_a_councils_is_refused() -> None:
    """The coordinator cannot sign for the council, with whatever key it has (row 5)."""
    join = pb.Join.FromString(JOIN.payload)
    join.mask_pk = point(9)
    payload = join.SerializeToString(deterministic=True)
    for signer in ("coordinator", "X00000002"):
        forged = pb.Signed(
            payload=payload, sig=transcript.sign(SCENE.key(signer), Signature.JOIN, payload), signer="X00000001"
        )
        with pytest.raises(Refused):
            read_manifest(manifest(partial(put_first, forged)), SCENE.announce, SCENE.epoch)
    unsigned = pb.Signed(payload=payload, sig=JOIN.sig, signer="X00000001")
    with pytest.raises(Refused):
        read_join(unsigned, SCENE.announce, SCENE.epoch)


def test_a_signer_other_than_the_node_is_refused() -> None:
    for signer in ("X00000002", "coordinator", "", "X00000001 "):
        with pytest.raises(Refused, match="signer"):
            read_join(pb.Signed(payload=JOIN.payload, sig=JOIN.sig, signer=signer), SCENE.announce, SCENE.epoch)


def test_a_join_of_another_type_of_message_is_refused() -> None:
    relabelled = SCENE.say(Signature.REPORT, pb.Join.FromString(JOIN.payload), "X00000001")
    with pytest.raises(Refused, match="does not hold"):
        read_join(relabelled, SCENE.announce, SCENE.epoch)


def test_one_key_cannot_stand_for_two_councils() -> None:
    key = pb.Join.FromString(JOIN.payload).mask_pk
    second = signed(SCENE.it.joins["X00000002"].envelope)
    copied = SCENE.changed(Signature.JOIN, pb.Join, second, lambda join: setattr(join, "mask_pk", key))
    read_join(copied, SCENE.announce, SCENE.epoch)
    with pytest.raises(Refused, match="two nodes"):
        read_manifest(manifest(lambda message: message.roster[1].CopyFrom(copied)), SCENE.announce, SCENE.epoch)


@pytest.mark.parametrize(
    "change",
    [
        lambda message: message.roster.reverse(),
        lambda message: message.roster.append(message.roster[0]),
        lambda message: message.roster.insert(0, message.roster[0]),
        lambda message: setattr(message, "round_id", bytes(16)),
        lambda message: setattr(message, "announce_hash", bytes(32)),
        lambda message: setattr(message.roster[0], "sig", b""),
    ],
    ids=[
        "out of order",
        "twice at the ends",
        "twice in a row",
        "another round",
        "another announcement",
        "no signature",
    ],
)
def test_a_manifest_that_does_not_hold_together_is_refused(change: Callable[[pb.RoundManifest], object]) -> None:
    with pytest.raises(Refused):
        read_manifest(manifest(change), SCENE.announce, SCENE.epoch)


def test_only_the_coordinator_makes_a_manifest() -> None:
    message = pb.RoundManifest.FromString(SCENE.manifest_message.payload)
    with pytest.raises(Refused, match="did not sign"):
        read_manifest(SCENE.say(Signature.MANIFEST, message, "X00000001"), SCENE.announce, SCENE.epoch)
    with pytest.raises(Refused, match="did not sign"):
        read_manifest(SCENE.say(Signature.STATEMENT, message, COORDINATOR), SCENE.announce, SCENE.epoch)


def test_each_roster_has_its_own_hash() -> None:
    hashes = {SCENE.roster.hash}
    for place in range(9):
        without = manifest(partial(take_out, place))
        hashes.add(read_manifest(without, SCENE.announce, SCENE.epoch).hash)
    assert len(hashes) == 10
    nobody = read_manifest(manifest(lambda message: message.ClearField("roster")), SCENE.announce, SCENE.epoch)
    assert nobody.cells == {NORTH: (), SOUTH: ()}
