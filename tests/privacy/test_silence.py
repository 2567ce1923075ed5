"""If these failed, something beside the noised vector would tell whether one child is in a council's data.

Two councils that are the same but for one child (or for what goes wrong with that child's records) answer the same
collection. Everything that leaves, and everything that the node keeps, must be equal but for the noised values and
what is computed from them. Privacy reference 9.8 and 12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from node.errors import NodeError
from node.ledger import Ledger
from node.ledger_entries import Entry
from node.noise import CLIP
from node.release import ReleaseDoor
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.summary.v1.summary_pb2 import Summary
from tests.node.small_release import EXACT, OWNER, PLAN, Clock, door_of, prepare, summary_of


def _without_child() -> list[int]:
    """One child less: it stood in one cell of each table and answered yes to everything."""
    vector = list(EXACT)
    for block in PLAN.blocks:
        vector[block.start] -= block.sensitivity
    return vector


def _beyond_every_bound() -> list[int]:
    return [CLIP + 1_000, *EXACT[1:]]


def _negative() -> list[int]:
    return [-entry for entry in EXACT]


def _nobody() -> list[int]:
    return [0] * PLAN.length


OTHERS: dict[str, Callable[[], list[int]]] = {
    "one child less": _without_child,
    "a count above its bound": _beyond_every_bound,
    "negative sums": _negative,
    "nobody at all": _nobody,
}


@dataclass(frozen=True)
class Left:
    """What one council's release leaves behind, inside and outside."""

    summary: Summary
    envelope_size: int
    envelope_but_content: tuple[str, str]
    entries: tuple[Entry, ...]
    files: dict[str, int]


def _release(folder: Path, exact: Sequence[int]) -> Left:
    with Ledger.open(folder / "ledger.db", Clock(), owner=OWNER, new_key=lambda: bytes(32)) as ledger:
        door: ReleaseDoor = door_of(ledger)
        prepare(door, exact_vector=lambda: exact)
        (stored,) = door.outgoing()
        envelope = SignedEnvelope.FromString(stored.envelope)
        files = {path.name: path.stat().st_size for path in folder.iterdir()}
        return Left(
            summary_of(stored.envelope),
            len(stored.envelope),
            (envelope.label, envelope.key_id),
            ledger.entries(),
            files,
        )


def _but_values(summary: Summary) -> bytes:
    silent = Summary()
    silent.CopyFrom(summary)
    del silent.values[:]
    return silent.SerializeToString(deterministic=True)


def _but_digests(entries: Sequence[Entry]) -> list[Entry]:
    """Stored bytes have another digest, and what follows another hash: both are computed from noised values."""
    return [replace(entry, digest=None, hash=entry.hash if entry.digest is None else b"") for entry in entries]


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_nothing_but_the_noised_values_differs(tmp_path: Path, other: Callable[[], list[int]]) -> None:
    one, two = _release(tmp_path / "one", EXACT), _release(tmp_path / "two", other())
    assert _but_values(one.summary) == _but_values(two.summary)
    assert len(one.summary.values) == len(two.summary.values) == PLAN.length
    assert one.envelope_size == two.envelope_size
    assert one.envelope_but_content == two.envelope_but_content
    assert _but_digests(one.entries) == _but_digests(two.entries)
    assert one.files == two.files


def test_control_the_values_do_differ_and_so_would_a_field_that_is_computed_from_data(tmp_path: Path) -> None:
    one, two = _release(tmp_path / "one", EXACT), _release(tmp_path / "two", _without_child())
    assert list(one.summary.values) != list(two.summary.values)
    one.summary.declared_files.append(f"rows-{sum(EXACT)}")
    two.summary.declared_files.append(f"rows-{sum(_without_child())}")
    assert _but_values(one.summary) != _but_values(two.summary)


def test_the_head_that_is_sent_was_fixed_before_anything_was_drawn(tmp_path: Path) -> None:
    """Same key, same time, other data: the same head. It follows from the plan and what went before."""
    one, two = _release(tmp_path / "one", EXACT), _release(tmp_path / "two", _nobody())
    assert one.summary.ledger_head == two.summary.ledger_head


def _fails_with(error: Exception) -> Callable[[], Sequence[int]]:
    def fails() -> Sequence[int]:
        raise error

    return fails


@pytest.mark.parametrize(
    "fails",
    [
        _fails_with(ValueError("row 17: '31/02/2019' is not a date")),
        _fails_with(OverflowError("4,294,967,297 rows")),
        _fails_with(KeyError("child 8c1f")),
        list,
        lambda: EXACT[:-1],
    ],
    ids=["a malformed row", "an overflow", "a missing child", "an empty file", "a short vector"],
)
def test_whatever_goes_wrong_with_the_data_is_one_and_the_same_absence(
    tmp_path: Path, fails: Callable[[], Sequence[int]]
) -> None:
    with Ledger.open(tmp_path / "ledger.db", Clock(), owner=OWNER) as ledger:
        door = door_of(ledger)
        with pytest.raises(NodeError) as caught:
            prepare(door, exact_vector=fails)
        assert (caught.value.exit_code, str(caught.value)) == (30, _NOT_MEASURED)
        assert (door.outgoing(), ledger.entries()) == ((), ())


_NOT_MEASURED = (
    "The returns could not be measured. Nothing was charged or sent. "
    "Run `newlyn-node check` and `newlyn-node measure`, which show what is wrong."
)


def test_a_check_that_fails_opens_no_data_so_that_its_time_tells_nothing(tmp_path: Path) -> None:
    def opened() -> Sequence[int]:
        raise AssertionError("the returns were opened")

    with Ledger.open(tmp_path / "ledger.db", Clock(), owner=OWNER) as ledger:
        for declared_plan in (replace(PLAN, rho_units=0), replace(PLAN, mode="secure")):
            with pytest.raises(NodeError):
                prepare(door_of(ledger), plan=declared_plan, exact_vector=opened)
