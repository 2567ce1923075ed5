"""If these failed, a forged epoch could stand in for all of a council's neighbours, and its vector be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.data import council_ons_codes
from node.errors import LedgerDamaged
from node.rounds import pins as pins_module
from node.rounds.pin_file import PinFile
from node.rounds.pins import MOST_UNATTESTED_KEY_CHANGES, Pins, PinState, PinTerms, unattested_changes
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import transcript
from protos.sa1.epochs import Epoch, read_epoch
from protos.sa1.refusal import Refused
from protos.sa1.sharing import threshold
from protos.signing import public_bytes
from tests.protocol.epochs import (
    ed25519,
    england_and_regions,
    made_up_epoch,
    made_up_record,
    node_ids,
    partition_table,
    signed_epoch,
)

SEED = "made up"
AUTHORITY = ed25519(SEED, "authority")
MEMBERS = node_ids(12)
ME, NEIGHBOUR = MEMBERS[:2]
FIRST = made_up_epoch(12)


class Memory:
    """Pins in memory, which a test can look at."""

    def __init__(self, state: PinState | None = None) -> None:
        self.state = state or PinState()

    def load(self) -> PinState:
        return self.state

    def save(self, state: PinState) -> None:
        self.state = state


TERMS = PinTerms(
    authority_key=public_bytes(AUTHORITY),
    node_id=ME,
    allowed=council_ons_codes(),
    is_own_record=lambda _payload: True,
)


def pinned(**changes: object) -> Pins:
    """Pins that have accepted the first epoch."""
    pins = Pins(replace(TERMS, **changes), Memory())  # type: ignore[arg-type]
    pins.adopt(FIRST.signed)
    return pins


def epoch_of(
    records: list[pb.SignedRecord],
    *,
    number: int = 2,
    previous: bytes = FIRST.epoch.hash,
    authority: Ed25519PrivateKey = AUTHORITY,
) -> pb.Signed:
    """An epoch of these records, all of them on its committee."""
    members = [pb.EnrolmentRecord.FromString(record.payload).node_id for record in records]
    return signed_epoch(
        authority,
        pb.Epoch(
            epoch_no=number,
            prev_epoch_hash=previous,
            records=records,
            committee=members,
            t=threshold(len(members)),
            coordinator_pub=public_bytes(ed25519(SEED, "coordinator")),
            partition_table=partition_table(england_and_regions(members)),
        ),
    )


def records(*, moved: int = 0, was: str | None = None) -> list[pb.SignedRecord]:
    """Second records of the twelve; the signing keys of so many, the last ones, are new; `was` signs for them."""
    still = len(MEMBERS) - moved
    return [made_up_record(SEED, node_id, 2) for node_id in MEMBERS[:still]] + [
        made_up_record(SEED, node_id, 2, idk="new", was=was) for node_id in MEMBERS[still:]
    ]


def test_the_next_epoch_is_adopted_and_kept_beside_the_one_whose_rounds_may_run(tmp_path: Path) -> None:
    memory = PinFile(tmp_path / "pins.json")
    pins = Pins(TERMS, memory)
    pins.adopt(FIRST.signed)
    second = pins.adopt(epoch_of(records()))
    again = Pins(TERMS, memory)
    assert again.current == second == pins.current
    assert again.find(FIRST.epoch.hash) == FIRST.epoch
    assert again.adopt(FIRST.signed) == FIRST.epoch
    assert again.current == second
    third = again.adopt(epoch_of([made_up_record(SEED, each, 3) for each in MEMBERS], number=3, previous=second.hash))
    assert (again.current, again.find(FIRST.epoch.hash)) == (third, None)
    assert again.state.chain == (FIRST.epoch.hash, second.hash, third.hash)
    assert (tmp_path / "pins.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param(epoch_of(records(), authority=ed25519(SEED, "stranger")), id="another authority"),
        pytest.param(epoch_of(records(), previous=bytes(32)), id="not chained"),
        pytest.param(epoch_of(records(), number=3), id="a number skipped"),
        pytest.param(epoch_of(records(), number=1), id="the same number again"),
        pytest.param(epoch_of(records()[:9]), id="a committee of nine"),
        pytest.param(epoch_of([*records(), made_up_record(SEED, "X00000001")]), id="a member that is no council"),
        pytest.param(epoch_of(records(moved=3)), id="three keys moved and nobody vouched"),
        pytest.param(epoch_of(records(moved=3, was="stranger")), id="three keys moved and a stranger vouched"),
    ],
)
def test_an_epoch_that_the_pins_do_not_allow_is_refused_and_changes_nothing(signed: pb.Signed) -> None:
    pins = pinned()
    before = pins.state
    with pytest.raises(Refused):
        pins.adopt(signed)
    assert (pins.state, pins.current) == (before, FIRST.epoch)


def test_a_record_of_ours_that_we_did_not_make_is_refused() -> None:
    made = FIRST.epoch.members[ME].payload
    pins = pinned(is_own_record=lambda payload: payload == made)
    with pytest.raises(Refused, match="did not make"):
        pins.adopt(epoch_of(records()))
    assert pinned().adopt(epoch_of(records())).number == 2


def test_two_keys_may_move_unattested_and_any_number_with_the_old_keys_word() -> None:
    assert MOST_UNATTESTED_KEY_CHANGES == 2
    assert pinned().adopt(epoch_of(records(moved=2))).number == 2
    assert pinned().adopt(epoch_of(records(moved=5, was="idk"))).number == 2


def test_a_person_who_compared_the_key_lets_it_in_and_no_other() -> None:
    pins = pinned()
    moved = epoch_of(records(moved=3))
    pins.confirm(MEMBERS[-1], public_bytes(ed25519(SEED, f"{MEMBERS[-1]}/idk")))
    with pytest.raises(Refused, match="unconfirmed"):
        pins.adopt(moved)
    pins.confirm(MEMBERS[-1], public_bytes(ed25519(SEED, f"{MEMBERS[-1]}/new")))
    adopted = pins.adopt(moved)
    assert unattested_changes(adopted, pins.state) == []


def test_a_council_that_was_away_for_an_epoch_is_held_to_its_last_key() -> None:
    pins = pinned()
    without = [record for record in records() if NEIGHBOUR.encode() not in record.payload]
    second = pins.adopt(epoch_of(without))
    back = [
        made_up_record(SEED, each, 3, idk="new" if each in (NEIGHBOUR, *MEMBERS[-2:]) else "idk") for each in MEMBERS
    ]
    with pytest.raises(Refused, match="unconfirmed"):
        pins.adopt(epoch_of(back, number=3, previous=second.hash))


def test_a_small_committee_is_accepted_only_where_the_council_said_so() -> None:
    small = made_up_epoch(4)
    with pytest.raises(Refused, match="committee"):
        Pins(TERMS, Memory()).adopt(small.signed)
    assert Pins(replace(TERMS, small_committee=True), Memory()).adopt(small.signed) == small.epoch


def test_positive_control_without_key_continuity_three_neighbours_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_epoch: Epoch, _state: PinState) -> list[object]:
        return []

    monkeypatch.setattr(pins_module, "unattested_changes", nothing)
    assert pinned().adopt(epoch_of(records(moved=11))).members[NEIGHBOUR].idk != FIRST.epoch.members[NEIGHBOUR].idk


def test_what_is_confirmed_is_a_key_of_a_council() -> None:
    pins = pinned()
    for node_id, key in ((NEIGHBOUR, bytes(31)), ("X00000001", bytes(32))):
        with pytest.raises(Refused):
            pins.confirm(node_id, key)


def test_a_pin_file_that_is_not_one_is_told_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    path.write_text('{"chain": ["not base64!"]}', encoding="utf-8")
    with pytest.raises(LedgerDamaged):
        PinFile(path).load()
    assert path.read_text(encoding="utf-8").startswith('{"chain"')


def test_a_signature_over_a_record_is_no_signature_over_a_key_change() -> None:
    record = made_up_record(SEED, NEIGHBOUR, 2, idk="new")
    record.previous_idk_sig = transcript.sign(
        ed25519(SEED, f"{NEIGHBOUR}/idk"), transcript.Signature.RECORD, record.payload
    )
    listed = [record if NEIGHBOUR.encode() in each.payload else each for each in records()]
    epoch = read_epoch(epoch_of(listed), public_bytes(AUTHORITY))
    assert [member.node_id for member in unattested_changes(epoch, pinned().state)] == [NEIGHBOUR]
