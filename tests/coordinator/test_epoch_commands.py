"""If these failed, an epoch could count a key that its council never certified, or that the authority never saw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.authority import create_authority, load_authority
from coordinator.data import current_councils
from coordinator.epochs import check_draft
from coordinator.errors import EpochNotAccepted
from coordinator.refusals import AnotherMessageStored, MessageNotAccepted
from coordinator.store import epoch_records
from protos.round.v1 import round_pb2 as pb
from protos.sa1.epochs import Epoch, read_epoch
from protos.sa1.strict import encode
from protos.signing import public_bytes
from tests.coordinator.epoch_world import TWELVE, enrolled, hand_in, record_of
from tests.coordinator.test_cli import invoke, shown
from tests.coordinator.world import World

IDS = sorted(current_councils()[code].ons_code for code in TWELVE)


def prepare(world: World, folder: Path, name: str = "draft") -> Path:
    """The operator's draft."""
    shown("epoch", "prepare", "--dir", world.files.home, "--out", folder / name)
    return folder / name


def sign(world: World, draft: Path) -> Path:
    """The authority's signature on it."""
    out = draft.with_suffix(".signed")
    shown("authority", "sign-epoch", draft, "--dir", world.files.home, "--out", out, "--yes")
    return out


def read(world: World, path: Path) -> Epoch:
    """A signed epoch as a node reads it."""
    return read_epoch(pb.Signed.FromString(path.read_bytes()), public_bytes(world.authority.epoch_key))


def test_from_twelve_councils_keys_to_an_epoch_that_is_offered(world: World, tmp_path: Path) -> None:
    enrolled(world)
    world.enrol("213")
    prepared = shown("epoch", "prepare", "--dir", world.files.home, "--out", tmp_path / "draft")
    assert (prepared["joined"], prepared["without_keys"]) == (IDS, ["213"])
    signed = sign(world, tmp_path / "draft")
    published = shown("epoch", "publish", signed, "--dir", world.files.home)
    key = world.files.epoch_authority.read_bytes().hex()
    assert shown("epoch", "show", "--dir", world.files.home) == published | {"authority_key": key}
    assert (published["members"], published["committee"], published["threshold"]) == (IDS, 12, 9)
    assert published["groups"] == {"england": {"E92000001": 12}, "regions": {"E12000007": 12}}
    shown("epoch", "publish", signed, "--dir", world.files.home)
    assert invoke("audit", "--dir", world.files.home).stdout.count("epoch published") == 1


def test_the_next_epoch_follows_and_the_authority_is_shown_what_changed(world: World, tmp_path: Path) -> None:
    members = enrolled(world)
    invoke("epoch", "publish", sign(world, prepare(world, tmp_path)), "--dir", world.files.home)
    hand_in(world, world.enrol("213"))
    hand_in(world, members["201"], 2)
    hand_in(world, world.enrol("202"))
    draft = prepare(world, tmp_path, "second")
    arguments = ("authority", "sign-epoch", draft, "--dir", world.files.home, "--out", tmp_path / "second.signed")
    refused = invoke(*arguments, code=EpochNotAccepted.exit_code, answer="n\n")
    assert "new   213 Westminster" in refused.stderr
    assert "moved 202 Camden" in refused.stderr
    assert "not vouched for by its old key" in refused.stderr
    first = read(world, tmp_path / "draft.signed")
    invoke(*arguments, answer="y\n")
    second = read(world, tmp_path / "second.signed")
    assert (second.number, second.previous_hash) == (2, first.hash)
    assert second.members[IDS[0]].ek != first.members[IDS[0]].ek
    invoke("epoch", "publish", tmp_path / "second.signed", "--dir", world.files.home)


def test_an_authority_signs_one_epoch_of_a_number(world: World, tmp_path: Path) -> None:
    members = enrolled(world)
    draft = prepare(world, tmp_path)
    signed = sign(world, draft)
    first = signed.read_bytes()
    assert sign(world, draft).read_bytes() == first
    hand_in(world, members["201"], 2)
    other = prepare(world, tmp_path, "other")
    out = tmp_path / "other.signed"
    arguments = ("authority", "sign-epoch", other, "--dir", world.files.home, "--out", out, "--yes")
    assert "does not follow" in invoke(*arguments, code=EpochNotAccepted.exit_code).stderr
    assert not out.exists()


def test_the_authority_needs_its_folder_and_the_draft_and_no_coordinator(world: World, tmp_path: Path) -> None:
    enrolled(world)
    draft = prepare(world, tmp_path)
    folder = world.config.authority.folder.rename(tmp_path / "stick")
    out = tmp_path / "signed"
    nowhere = tmp_path / "nowhere"
    invoke("authority", "sign-epoch", draft, "--authority", folder, "--dir", nowhere, "--out", out, "--yes")
    assert read(world, out).number == 1


def test_a_small_committee_is_made_only_where_it_is_asked_for(world: World, tmp_path: Path) -> None:
    enrolled(world, TWELVE[:4])
    arguments = ("epoch", "prepare", "--dir", world.files.home, "--out", tmp_path / "draft")
    assert "at least 10" in invoke(*arguments, code=EpochNotAccepted.exit_code).stderr
    assert "UNSAFE" in invoke(*arguments, "--small-committee").stdout


def test_a_revoked_councils_record_is_left_out(world: World, tmp_path: Path) -> None:
    enrolled(world)
    invoke("revoke", "--dir", world.files.home, "--council", "201")
    prepared = shown("epoch", "prepare", "--dir", world.files.home, "--out", tmp_path / "draft")
    assert prepared["joined"] == [name for name in IDS if name != current_councils()["201"].ons_code]


@pytest.mark.parametrize(
    "what", ["another council", "another key", "another certificate", "certified already", "forged"]
)
def test_a_record_speaks_for_its_caller_alone(world: World, what: str) -> None:
    member, other = world.enrol("201"), world.enrol("202")
    record = record_of(world, member)
    if what == "another council":
        record = record_of(world, member, node_id=current_councils()["202"].ons_code)
    elif what == "another key":
        record = record_of(world, member, idk=Ed25519PrivateKey.generate())
    elif what == "another certificate":
        certificate = x509.load_pem_x509_certificate(other.credentials.certificate)
        record = record_of(world, member, certificate=certificate)
    elif what == "certified already":
        record.authority_sig = bytes(64)
    else:
        record.node_sig = record_of(world, member, 2).node_sig
    with pytest.raises(MessageNotAccepted):
        world.service.rounds.submit_record(world.caller(member), record)


def test_a_record_is_taken_once_and_an_older_one_never(world: World) -> None:
    member = world.enrol("201")
    caller, take = world.caller(member), world.service.rounds.submit_record
    first, second = record_of(world, member, 1), record_of(world, member, 2)
    assert take(caller, first) == take(caller, first)
    for record, refusal in (
        (record_of(world, member, 1), AnotherMessageStored),
        (second, None),
        (first, MessageNotAccepted),
    ):
        if refusal is None:
            take(caller, record)
        else:
            with pytest.raises(refusal):
                take(caller, record)
    stored = world.store.read("test", lambda tx: epoch_records.records_in_force(tx, world.clock()))
    assert stored == [encode(second)]


def test_records_end_with_their_certificates(world: World) -> None:
    hand_in(world, world.enrol("201"))
    world.clock.now += timedelta(days=399)
    assert world.store.read("test", lambda tx: epoch_records.records_in_force(tx, world.clock())) == []


@pytest.mark.parametrize(
    "what", ["groups", "threshold", "committee", "stranger's certificate", "wrong council", "number"]
)
def test_the_authority_refuses_what_the_operator_made_up(world: World, tmp_path: Path, what: str) -> None:
    members = enrolled(world)
    draft = pb.Epoch.FromString(prepare(world, tmp_path).read_bytes())
    if what == "groups":
        region = draft.partition_table[1].cells[0]
        moved = region.node_ids.pop()
        draft.partition_table[1].cells.add(cell_id="E12000008", node_ids=[moved])
    elif what == "threshold":
        draft.t -= 1
    elif what == "committee":
        draft.committee.pop()
    elif what == "number":
        draft.epoch_no += 1
    elif what == "wrong council":
        # Council 201's certificate, for a record that says it is another's: the operator took the place of one.
        taken = record_of(world, members["201"], node_id=IDS[1])
        draft.records[1].CopyFrom(taken)
    else:
        stranger = World(tmp_path / "stranger")
        draft.records[0].CopyFrom(record_of(stranger, stranger.enrol("201")))
        stranger.store.close()
    with pytest.raises(EpochNotAccepted):
        check_draft(load_authority(world.config.authority.folder), encode(draft), None, world.clock())


def test_positive_control_the_draft_as_prepared_is_signed(world: World, tmp_path: Path) -> None:
    enrolled(world)
    checked = check_draft(world.authority, prepare(world, tmp_path).read_bytes(), None, world.clock())
    assert checked.changes.joined == tuple(IDS)


def test_an_epoch_of_another_authority_or_coordinator_is_not_published(world: World, tmp_path: Path) -> None:
    enrolled(world)
    signed = sign(world, prepare(world, tmp_path))
    content = pb.Signed.FromString(signed.read_bytes())
    content.sig = bytes(64)
    signed.write_bytes(encode(content))
    refused = invoke("epoch", "publish", signed, "--dir", world.files.home, code=EpochNotAccepted.exit_code)
    assert "did not sign" in refused.stderr
    signed.write_bytes(b"\xff no epoch")
    invoke("epoch", "publish", signed, "--dir", world.files.home, code=EpochNotAccepted.exit_code)


def test_the_epoch_key_is_not_the_certificates_and_is_never_replaced(tmp_path: Path) -> None:
    first, second = (create_authority(tmp_path / name, datetime.now(UTC)) for name in "ab")
    assert public_bytes(first.epoch_key) != public_bytes(second.epoch_key)
    assert public_bytes(load_authority(tmp_path / "a").epoch_key) == public_bytes(first.epoch_key)
