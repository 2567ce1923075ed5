"""If these failed, the figures for a secure round would be of another round than the one that councils take part in:
with sums that are wrong, bytes or operations that nobody counted, or nodes that were never measured."""

from __future__ import annotations

import json
import sys

import pytest

from tests.benchmarks import secure_round
from tests.benchmarks.played_round import STEPS, Round
from tests.benchmarks.secure_floor import Bare, Operations, Shape, node_operations, unmasking_operations
from tests.benchmarks.secure_round import BYTES_GATE, measure


def test_a_round_of_real_machines_opens_to_the_exact_sum_of_its_survivors() -> None:
    """`play` compares every sum; each node that did not drop out took every step but what t members suffice for."""
    played = Round(13, 200, 3).play()
    counted = {step: len(played.nodes[step]) for step in STEPS}
    assert counted == {"join": 13, "report": 10, "commit": 10, "reveal": 9, "result": 9}
    assert all(played.node_floor[step] for step in STEPS)


def test_control_a_sum_that_is_wrong_by_one_is_noticed() -> None:
    round_ = Round(13, 50, 3)
    next(iter(round_.measured.values())).ready[0] += 1
    with pytest.raises(AssertionError):
        round_.play()


@pytest.mark.parametrize("measured", [0, 2])
def test_stand_ins_and_machines_make_one_round(measured: int) -> None:
    """The masks between them cancel, and so do those of nodes that drop out in each of several groups."""
    round_ = Round(24, 100, 4, measured=measured, largest_group=9)
    assert [len(members) for members in round_.groups.values()] == [8, 8, 8]
    played = round_.play()
    assert [len(played.nodes[step]) for step in STEPS] == [measured] * len(STEPS)


def test_a_node_sends_and_receives_little_beside_its_vector() -> None:
    """The shares of 153 councils' two secrets, their joins and headers, and a certificate: at most 200 kB."""
    result = measure(40, 1_000, 4, measured=1)
    assert result["bytes_over_vector"] > 2 * 80 * 40
    assert result["bytes_per_node"] < BYTES_GATE[0] * 4 * 1_000 + BYTES_GATE[1] * 40 / 153
    assert result["bytes_per_node"] == result["bytes_over_vector"] + 4 * 1_000


def test_operations_are_those_of_the_specification() -> None:
    """153 councils in one group, 15 of whom drop out (secure aggregation reference, B.4 to B.7)."""
    shape = Shape(nodes=153, dropped=15, groups=1, committee=153, length=10, width=32)
    steps = node_operations(shape)
    everything = [sum(getattr(step, name) for step in steps.values()) for name in Operations.__dataclass_fields__]
    assert dict(zip(Operations.__dataclass_fields__, everything, strict=True)) == {
        "agreements": 153 + 152,
        "key_pairs": 1,
        "derivations": 2 + 152 + 2,
        "masks": 153,
        "seals": 2 * 153,
        "opens": 153,
        "signatures": 4,
        "checks": 1 + (1 + 153) + (1 + 138) + 103 + 4 + 1,
    }
    unmasking = unmasking_operations(shape)
    assert (unmasking.masks, unmasking.agreements, unmasking.checks) == (138 + 15 * 138, 15 * 138, 103)


def test_masks_left_over_are_counted_group_by_group() -> None:
    assert Shape(10, 3, 2, 10, 1, 32).pairs_left_over == 2 * 3 + 1 * 4
    assert Shape(11, 1, 2, 10, 1, 32).pairs_left_over == 5


def test_the_floor_does_what_it_counts() -> None:
    """Ten times the operations take more processor time than one; none take almost nothing."""
    bare = Bare(Shape(1, 0, 1, 1, 100_000, 32))
    once = Operations(5, 5, 5, 5, 5, 5, 5, 5)
    tenfold = Operations(50, 50, 50, 50, 50, 50, 50, 50)
    assert bare.cpu_seconds(Operations()) < bare.cpu_seconds(once) < bare.cpu_seconds(tenfold)


def test_the_figures_are_printed_under_the_names_that_are_promised(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--nodes", "12", "--length", "100", "--dropouts", "2", "--measured", "2", "--format", "json"]
    monkeypatch.setattr(sys, "argv", ["secure_round", *arguments])
    assert secure_round.main() == 0
    printed = json.loads(capsys.readouterr().out)
    promised = ("node_cpu_s", "node_floor_s", "coordinator_cpu_s", "coordinator_floor_s", "bytes_per_node")
    assert all(printed[name] > 0 for name in (*promised, "peak_memory_mb"))
    assert printed["node_ratio"] == pytest.approx(printed["node_cpu_s"] / printed["node_floor_s"])
