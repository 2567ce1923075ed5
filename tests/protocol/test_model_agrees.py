"""If these failed, the protocol that runs would not be the one that is specified: two authors read it differently.

Every round is played by the slow model, then made again by the production functions from the same keys, randomness and
vectors. Every value on the way and every message must be the same to the byte; only the ciphertexts of shares hold a
key that was drawn, and each side must open the other's.
"""

from __future__ import annotations

import ast
import random
from functools import cache
from pathlib import Path

import pytest

from protos.sa1 import sealing
from protos.sa1.announces import RING_ROOM, ring_width
from protos.sa1.sharing import threshold
from tests.protocol.model import primitives
from tests.protocol.model import rounds as model
from tests.protocol.model.description import ciphertexts, inputs, outcome
from tests.protocol.model.rounds import Case, Transcript, play
from tests.protocol.production import Replay


def councils(count: int, first: int = 1) -> tuple[str, ...]:
    """node_ids that are no council's."""
    return tuple(f"X{number:08d}" for number in range(first, first + count))


def one_group(name: str, count: int, **rest: object) -> Case:
    """A round of so many councils in one group."""
    return Case(name, {"X92000001": councils(count)}, **rest)  # type: ignore[arg-type]


def drawn(seed: int) -> Case:
    """A round that a seed makes up: 3 to 12 councils in one to three groups, each of whom may stay away at any time."""
    rng = random.Random(seed)
    members = councils(rng.randint(3, 12))
    groups: dict[str, list[str]] = {}
    for node_id in members:
        groups.setdefault(f"X1200000{rng.randint(1, rng.choice([1, 2, 3]))}", []).append(node_id)
    width = rng.choice([32, 64])
    bound = rng.randint(1, 10**6) if width == 32 else rng.randint(2**31, 2**50)

    def away(chance: float) -> frozenset[str]:
        return frozenset(node_id for node_id in members if rng.random() < chance)

    voting = rng.sample(members, threshold(len(members)))
    return Case(
        f"seed {seed}",
        groups,
        length=rng.randint(1, 40),
        width=width,
        abs_bound=bound,
        min_cell=1,
        min_pct=rng.choice([1, 34, 67]),
        max_dropped=rng.randint(0, 2),
        absent_at_join=away(0.1),
        absent_at_report=away(0.15),
        absent_at_vote=away(0.3) - set(voting),
        absent_at_reveal=away(0.3) - set(voting),
    )


WIDEST_IN_32 = (RING_ROOM - 1) // 12
CASES = [
    one_group("three", 3, max_dropped=0),
    *(one_group(f"{count} of one group", count) for count in range(4, 13)),
    one_group("one entry", 4, length=1),
    one_group("many entries, so that blocks of the keystream end inside a word", 4, length=1003),
    one_group("the widest that 32 bits hold", 12, abs_bound=WIDEST_IN_32),
    one_group("one more needs 64 bits", 12, abs_bound=WIDEST_IN_32 + 1, width=64),
    one_group("as wide as 64 bits hold", 8, abs_bound=2**60 - 1, width=64),
    one_group("late for Join", 7, absent_at_join=frozenset(councils(2, 3))),
    one_group("first and last dropped", 9, max_dropped=2, absent_at_report=frozenset({"X00000001", "X00000009"})),
    one_group("64 bits and dropped", 6, abs_bound=2**40, width=64, absent_at_report=frozenset({"X00000004"})),
    one_group("colluders budgeted", 10, max_dropped=2, max_colluding=3, absent_at_report=frozenset({"X00000005"})),
    one_group(
        "only t of the committee in the end",
        10,
        max_dropped=3,
        absent_at_report=frozenset(councils(3)),
        absent_at_vote=frozenset(councils(1)),
        absent_at_reveal=frozenset(councils(2, 2)),
    ),
    one_group("a committee of some", 9, committee=4, absent_at_report=frozenset({"X00000002"})),
    Case(
        "three groups",
        {"X12000001": councils(4), "X12000002": councils(3, 5), "X12000003": councils(5, 8)},
        min_cell=2,
        absent_at_join=frozenset({"X00000008"}),
        absent_at_report=frozenset({"X00000002", "X00000012"}),
    ),
    Case(
        "groups withheld: nobody joined, too few joined, too few reported",
        {
            "X12000001": councils(2),
            "X12000002": councils(4, 3),
            "X12000003": councils(3, 7),
            "X12000004": councils(3, 10),
        },
        absent_at_join=frozenset({*councils(2), *councils(2, 7)}),
        absent_at_report=frozenset(councils(2, 10)),
    ),
    Case(
        "groups whose members take turns in the roster",
        {"X12000001": councils(12)[::2], "X12000002": councils(12)[1::2]},
        absent_at_report=frozenset({"X00000006", "X00000007"}),
    ),
    *map(drawn, range(40)),
]
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@cache
def played(name: str) -> Transcript:
    """The round of that name."""
    return play(next(case for case in CASES if case.name == name))


@cases
def test_production_and_model_give_the_same_bytes(case: Case) -> None:
    it = played(case.name)
    made, specified = Replay(inputs(it), ciphertexts(it)).outcome(), outcome(it)
    assert made.keys() == specified.keys()
    for name in specified:
        assert made[name] == specified[name], name


@cases
def test_the_models_sum_is_that_of_the_survivors_vectors(case: Case) -> None:
    it = played(case.name)
    for group, nodes in case.groups.items():
        reported = [node_id for node_id in nodes if node_id in it.reports]
        if group in it.sums:
            vectors = [case.vector(node_id) for node_id in reported]
            assert it.sums[group] == [sum(entries) for entries in zip(*vectors, strict=True)]
            assert it.sums[group][0] == case.abs_bound * len(reported)


def test_the_rounds_are_not_all_of_one_kind() -> None:
    withheld = played("groups withheld: nobody joined, too few joined, too few reported")
    assert list(withheld.sums) == ["X12000002"]
    assert list(played("three groups").sums) == ["X12000001", "X12000002", "X12000003"]
    shortest = played("only t of the committee in the end")
    assert len(shortest.reveals) == shortest.t


def test_the_model_opens_what_production_seals() -> None:
    it = played("three groups")
    for joined in it.joins.values():
        for member, share, info in zip(it.committee, joined.dealt.shares, joined.dealt.infos, strict=True):
            sealed = sealing.seal_share(share, it.committee[member], info)
            assert primitives.unseal(it.keys[member].ek, info, sealed) == share.to_bytes(32, "little")


def test_another_vector_does_not_give_the_same_secrets() -> None:
    it = played("4 of one group")
    changed = inputs(it)
    changed["members"]["X00000001"]["vector"][2] += 1
    made = Replay(changed, ciphertexts(it))  # its ciphertexts are bound to the nonce that the first vector gave
    with pytest.raises(sealing.ShareDoesNotOpen):
        made.outcome()


def test_the_threshold_is_the_models() -> None:
    for committee in range(1, 1025):
        assert threshold(committee) == model.threshold(committee)


@pytest.mark.parametrize("largest", [1, 3, 12, 33, 153, 1000])
def test_the_width_is_the_models_on_either_side_of_its_limit(largest: int) -> None:
    for bound in range(RING_ROOM // largest - 3, RING_ROOM // largest + 4):
        assert ring_width(largest, bound) == model.ring_width(largest, bound)


def test_the_models_secrets_do_not_repeat() -> None:
    it = played("12 of one group")
    secrets = [joined.dealt.secret for joined in it.joins.values()] + [
        report.dealt.secret for report in it.reports.values()
    ]
    keys = {key for report in it.reports.values() for key in (report.self_key, *report.pair_keys.values())}
    assert len(set(secrets)) == 24
    assert len(keys) == 12 + 12 * 11 // 2


def test_the_model_stands_alone() -> None:
    """It would be no second opinion if it used what it is there to check."""
    imported = set()
    for path in Path(primitives.__file__).parent.glob("*.py"):
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(each, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in each.names}
            elif isinstance(each, ast.ImportFrom) and each.level == 0:
                imported.add(str(each.module).split(".")[0])
    assert "cryptography" in imported
    assert not imported & {"protos", "node", "coordinator", "frameworks", "tests", "google", "numpy"}
