"""Section C of the secure aggregation reference, the rows about masks, shares and vectors.

If one failed, a mask would be predictable or reused, a secret would come back wrong and unnoticed, or a sum would wrap.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from coordinator.rounds import intake
from frameworks.plan import ReleasePlan
from node.rounds import checks
from node.rounds.noise_share import add_noise_share
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import sharing
from protos.sa1.announces import ring_width
from protos.sa1.masking import (
    FIELD_PRIME,
    from_ring,
    is_usable_public_key,
    keystream,
    mask,
    mask_private_key,
    pair_key,
    self_key,
    to_ring,
)
from protos.sa1.sharing import ORDER, NotShares, lagrange_at_zero, recover, share
from protos.sa1.transcript import Signature, le32
from tests.protocol.federated import Federated
from tests.protocol.hostile import Adversary
from tests.protocol.test_randomness_sources import SOURCES, predictable

LOW_ORDER = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    FIELD_PRIME - 1,
]
"""The u-coordinates of low order (Bernstein, https://cr.yp.to/ecdh.html)."""


def test_c01_no_part_of_a_seed_is_folded_away_and_the_stream_is_aes() -> None:
    seed = bytes(range(32))
    words = [seed[start : start + 4] for start in range(0, 32, 4)]
    permuted = b"".join(reversed(words))
    assert len({keystream(key, 64) for key in (seed, permuted, seed[:4] + bytes(28), bytes(28) + seed[:4])}) == 4
    blocks = b"".join(counter.to_bytes(16, "big") for counter in range(8))
    ecb = Cipher(algorithms.AES256(seed), modes.ECB()).encryptor()  # noqa: S305 - counter mode, spelled out
    assert keystream(seed, 128) == ecb.update(blocks)
    assert not [path for path in SOURCES if predictable(path.read_text(encoding="utf-8"))]


def test_c02_every_residue_is_reachable_and_as_likely_as_any_other() -> None:
    residues = np.bincount(mask(bytes(range(32)), 1 << 18, 32) % 256, minlength=256)
    expected = (1 << 18) / 256
    assert residues.min() > 0
    assert float(((residues - expected) ** 2 / expected).sum()) < 350  # 255 degrees of freedom: 1e-4 beyond 350


def test_c06_every_key_has_a_name_of_its_own() -> None:
    a, b = (mask_private_key(secret, bytes(32), "X00000001") for secret in (5, 6))
    public = b.public_key().public_bytes_raw()
    pair, keys = ("X00000001", "X00000002"), (a.public_key().public_bytes_raw(), public)
    made = [
        pair_key(a, public, bytes(32), "X1", pair, keys),
        pair_key(a, public, bytes(31) + b"1", "X1", pair, keys),
        pair_key(a, public, bytes(32), "X2", pair, keys),
        pair_key(a, public, bytes(32), "X1", (pair[0], "X00000003"), keys),
        pair_key(a, public, bytes(32), "X1", pair, (keys[1], keys[0])),
        self_key(5, bytes(32), "X1", pair[0], bytes(32)),
        self_key(5, bytes(32), "X2", pair[0], bytes(32)),
        self_key(5, bytes(32), "X1", pair[0], bytes(31) + b"1"),
        mask_private_key(5, bytes(32), pair[0]).private_bytes_raw(),
        mask_private_key(5, bytes(31) + b"1", pair[0]).private_bytes_raw(),
        mask_private_key(5, bytes(32), pair[1]).private_bytes_raw(),
    ]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("indices", [[0, 1, 2], [1, 1, 2], [1, 2, ORDER], [1, 2, ORDER + 1], [-1, 1, 2]])
def test_c13_a_share_index_that_could_reveal_the_secret_is_refused(indices: list[int]) -> None:
    with pytest.raises(NotShares):
        lagrange_at_zero(indices)


def test_c13_an_index_comes_from_the_place_in_the_committee_and_from_nothing_else() -> None:
    world = Adversary(10)
    assert [world.epoch.index(member) for member in world.epoch.committee] == list(range(1, 11))
    assert "index" not in pb.Reveal.DESCRIPTOR.fields_by_name
    assert set(pb.RevealEntry.DESCRIPTOR.fields_by_name) == {"roster_index", "kind", "share"}


def test_c14_coefficients_may_be_zero_and_t_minus_1_shares_give_another_secret() -> None:
    assert share(7, [0, 0], 3) == [7, 7, 7]
    points = share(7, [3, 0, 5], 4)
    assert recover(points, lagrange_at_zero([1, 2, 3, 4])) == 7
    assert recover(points[:3], lagrange_at_zero([1, 2, 3])) != 7
    one = share(7, [3], 1)[0]
    assert {secret for secret in range(20) if share(secret, [(one - secret) % ORDER], 1)[0] == one} == set(range(20))


def test_c14_a_polynomial_has_degree_t_minus_1(monkeypatch: pytest.MonkeyPatch) -> None:
    dealt: list[int] = []

    def counted(secret: int, coefficients: tuple[int, ...], count: int) -> list[int]:
        dealt.append(len(coefficients))
        return share(secret, coefficients, count)

    monkeypatch.setattr(sharing, "share", counted)
    world = Adversary(10)
    played = world.joined()
    world.reported(played, world.manifest(played))
    assert Counter(dealt) == {world.epoch.threshold - 1: 20}


def test_c15_a_member_that_opens_a_wrong_share_is_named_and_the_sum_is_right() -> None:
    world = Federated(10, corrupt={0: "opens wrong shares"})
    world.announce()
    for _ in range(4):
        world.step()
    assert {doubt.member for doubt in world.standing.doubts} == {world.ids[0]}
    assert world.opened().cells[0].values == world.exact(world.ids)


def test_c15_with_t_reveals_of_which_one_is_wrong_there_is_no_result() -> None:
    world = Federated(10, corrupt={6: "opens wrong shares"})
    world.announce()
    for _ in range(2):
        world.step()
    for _ in range(2):
        world.step(world.ids[:7])
    assert world.phase() == "unmasking"
    assert world.desk.result(world.round_id) is None


def test_c16_an_announcement_whose_sum_may_wrap_is_refused() -> None:
    world = Adversary(10)
    right = world.announcement()
    assert right.w == 32
    for bound, width in ((2**30 // 10 + 1, 32), (2**62, 64), (right.abs_bound, 64)):
        signed = world.say(Signature.ANNOUNCE, world.announcement(abs_bound=bound, w=width))
        world.tell(world.honest, pb.Work(announce=signed))
    assert all(not council.machine.standings() for council in world.councils.values())


def test_c16_the_extremes_of_153_councils_add_up() -> None:
    for bound in ((2**30 - 1) // 153, 2**40):
        width = ring_width(153, bound)
        extremes = to_ring([bound, -bound], width)
        total = extremes.copy()
        for _ in range(152):
            total += extremes
        assert from_ring(total) == [153 * bound, -153 * bound]


def test_c16_an_entry_beyond_the_bound_is_charged_and_never_sent() -> None:
    world = Adversary(10)
    assert world.plan.secure is not None
    council, bound = world.councils[world.honest[0]], world.plan.secure.entry_bound
    council.vector[0], council.vector[1] = bound + 1, -bound
    played = world.joined()
    manifest = world.manifest(played)
    world.reported(played, manifest)
    assert set(played.reports) == set(world.honest[1:])
    assert council.spent() == world.plan.rho_units
    assert any("beyond its bound" in alarm for alarm in council.alarms)
    world.state(played, manifest, world.statement(played, manifest))
    assert council.node_id in played.committed()


def test_c17_a_vector_of_floats_is_refused_and_nothing_is_clipped() -> None:
    with pytest.raises(TypeError):
        to_ring([1.0, 2.0], 32)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="does not fit"):
        to_ring([2**31], 32)
    announce = Adversary(10).announced().announce
    with pytest.raises(TypeError):
        checks.check_vector(announce, np.zeros(announce.length))
    for entry in (announce.entry_bound + 1, -announce.entry_bound - 1):
        with pytest.raises(checks.EntryBeyondBound):
            checks.check_vector(announce, to_ring([0] * (announce.length - 1) + [entry], announce.width))


@pytest.mark.parametrize(("councils", "committee"), [(10, 10), (11, 10), (11, 11), (12, 11), (12, 12), (13, 12)])
def test_c18_odd_and_even_numbers_of_councils_and_members_end_in_the_exact_sum(councils: int, committee: int) -> None:
    world = Federated(councils, committee=committee)
    world.announce()
    for _ in range(2):
        world.step(world.ids[:-1])
        world.at(100)
    for _ in range(3):
        world.step()
    (cell,) = world.opened().cells
    assert cell.survivors == tuple(world.ids[:-1])
    assert cell.values == world.exact(world.ids[:-1])


@pytest.mark.parametrize("point", LOW_ORDER)
def test_c20_a_key_of_low_order_is_never_agreed_with(point: int) -> None:
    public = le32(point)
    assert not is_usable_public_key(public)
    mine = mask_private_key(5, bytes(32), "X00000001")
    with pytest.raises(ValueError, match=r"."):
        pair_key(mine, public, bytes(32), "X1", ("X00000001", "X00000002"), (bytes(32), public))


def test_c24_digests_that_a_peer_chooses_are_compared_in_constant_time() -> None:
    compared: list[Callable[..., object]] = [
        checks.check_plan,
        checks.check_receipt,
        intake.check_report,
        intake._check_shares,
    ]
    for function in compared:
        assert "compare_digest" in inspect.getsource(function)


def noised_zeros(plan: ReleasePlan, draws: int) -> np.ndarray:
    """What a council without any child would send, so many times."""
    return np.array([from_ring(add_noise_share(plan, [0] * plan.length, 8)) for _ in range(draws)])


def test_c21_every_entry_carries_noise_also_where_no_child_can_be() -> None:
    drawn = noised_zeros(Adversary(10).plan, 60)
    assert (drawn.std(axis=0) > 0).all()
    assert ((drawn > 0).any(axis=0) & (drawn < 0).any(axis=0)).all()


def test_c22_a_round_without_noise_is_never_joined() -> None:
    world = Adversary(10)
    played = world.announced(dp_spec_hash=bytes(32))
    world.tell(world.honest, pb.Work(announce=played.signed))
    nothing = world.say(Signature.ANNOUNCE, world.announcement(dp_spec_hash=b""))
    world.tell(world.honest, pb.Work(announce=nothing))
    assert not played.joins
    assert all(any("noise" in alarm for alarm in council.alarms) for council in world.councils.values())
