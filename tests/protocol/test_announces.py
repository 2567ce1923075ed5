"""If these failed, the coordinator could choose the ring, the floors or the times to its advantage (rows 4 and 16)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.round.v1 import round_pb2 as pb
from protos.sa1.announces import MOST_ENTRIES, read_announce, ring_width
from protos.sa1.masking import from_ring, to_ring, word
from protos.sa1.refusal import Refused
from protos.sa1.transcript import Signature
from tests.protocol.scenes import TEN, Scene

SCENE = Scene(TEN)


def changed(**fields: object) -> pb.Signed:
    """The announcement with other fields, signed by the coordinator again."""

    def change(message: pb.RoundAnnounce) -> None:
        for name, value in fields.items():
            setattr(message, name, value)

    return SCENE.changed(Signature.ANNOUNCE, pb.RoundAnnounce, SCENE.announce_message, change)


TIMES = ["announced_at", "not_before", "t_join", "t_report", "t_commit", "t_reveal"]
NOW = SCENE.announce.announced_at


def test_an_announcement_holds_what_the_coordinator_signed() -> None:
    announce = SCENE.announce
    assert (announce.round_id, announce.epoch_hash) == (SCENE.it.round_id, SCENE.epoch.hash)
    assert (announce.length, announce.width, announce.entry_bound) == (TEN.length, 32, TEN.abs_bound)
    assert (announce.min_cell, announce.min_pct, announce.max_dropped, announce.max_colluding) == (3, 67, 1, 0)
    assert [getattr(announce, name) for name in TIMES] == sorted(getattr(announce, name) for name in TIMES)


@pytest.mark.parametrize(
    "fields",
    [
        {"round_id": bytes(15)},
        {"round_id": bytes(32)},
        {"epoch_hash": bytes(32)},
        {"epoch_hash": b""},
        {"query_hash": bytes(31)},
        {"dp_spec_hash": b""},
        {"collection_id": ""},
        {"partition_id": "regions"},
        {"partition_id": ""},
        {"d": 0},
        {"d": MOST_ENTRIES + 1},
        {"w": 64},
        {"w": 16},
        {"w": 0},
        {"abs_bound": 0},
        {"abs_bound": 2**30},
        {"abs_bound": 2**63, "w": 64},
        {"abs_bound": 2**61, "w": 64},
        {"min_cell": 0},
        {"min_pct": 0},
        {"min_pct": 101},
        {"suite": 0},
        {"suite": 2},
    ],
    ids=str,
)
def test_an_announcement_that_does_not_hold_together_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(Refused):
        read_announce(changed(**fields), SCENE.epoch)


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(TIMES)))
def test_times_follow_each_other(earlier: str, later: str) -> None:
    announce = SCENE.announce
    swapped = {earlier: getattr(announce, later), later: getattr(announce, earlier)}
    with pytest.raises(Refused, match="times"):
        read_announce(changed(**swapped), SCENE.epoch)
    alike = {later: getattr(announce, earlier)}
    if later in ("not_before", "t_join"):
        read_announce(changed(**alike), SCENE.epoch)
    else:
        with pytest.raises(Refused, match="times"):
            read_announce(changed(**alike), SCENE.epoch)


def test_only_the_coordinator_of_the_epoch_announces() -> None:
    message = pb.RoundAnnounce.FromString(SCENE.announce_message.payload)
    for signer in ("authority", "X00000001"):
        with pytest.raises(Refused, match="did not sign"):
            read_announce(SCENE.say(Signature.ANNOUNCE, message, signer), SCENE.epoch)
    with pytest.raises(Refused, match="did not sign"):
        read_announce(SCENE.say(Signature.MANIFEST, message, "coordinator"), SCENE.epoch)


@settings(deadline=None)
@given(st.integers(1, 10_000), st.data())
def test_no_sum_of_a_group_wraps_in_the_ring_that_the_rule_gives(size: int, data: st.DataObject) -> None:
    """Every member at either end of the range, for the widest bound of each ring as well (row 16)."""
    widest = [(2**30 - 1) // size, (2**63 - 1) // size]
    bound = data.draw(st.one_of(st.sampled_from(widest), st.integers(1, widest[1])))
    width = ring_width(size, bound)
    for value in (bound, -bound):
        total = np.multiply(to_ring([value], width), word(width).type(size))
        assert from_ring(total) == [size * value]


def test_a_bound_whose_sum_would_wrap_in_64_bits_is_refused() -> None:
    largest = max(len(nodes) for nodes in TEN.groups.values())
    widest = (2**63 - 1) // largest
    assert read_announce(changed(abs_bound=widest, w=64), SCENE.epoch).entry_bound == widest
    with pytest.raises(Refused):
        read_announce(changed(abs_bound=widest + 1, w=64), SCENE.epoch)
