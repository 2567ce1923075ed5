"""If these failed, a mask would not hide, or would not cancel: a council's figures would be seen, or the sum be wrong.

The keys of the statistical tests are fixed, so they give the same result each time: no run fails by chance.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from protos.sa1 import masking
from protos.sa1.masking import FIELD_PRIME, Vector, add_masks, from_ring, mask, to_ring, with_width, word
from tests.protocol.model import primitives

WIDTHS = pytest.mark.parametrize("width", [32, 64])
MASKS = 64
WORDS = 4096
SURE = 1e-9
"""A test of uniformity fails where chance alone would give a worse value less often than this."""


def key(number: int) -> bytes:
    """A key of a mask."""
    return hashlib.sha256(b"mask %d" % number).digest()


def uniformity(residues: Vector, size: int) -> float:
    """How likely a worse distribution over 0 to size - 1 is by chance (chi-squared)."""
    return float(stats.chisquare(np.bincount(residues.astype(np.int64), minlength=size)).pvalue)


@WIDTHS
@pytest.mark.parametrize("shift", [0, 8, 24])
def test_masks_are_uniform_in_every_byte(width: int, shift: int) -> None:
    words = np.concatenate([mask(key(number), WORDS, width) for number in range(MASKS)])
    for place in (shift, width - 8):
        assert uniformity((words >> word(width).type(place)) & 255, 256) > SURE


@WIDTHS
def test_every_residue_is_reached(width: int) -> None:
    """In a ring of 256, both ends among them; the next test shows what is meant to be found."""
    words = np.concatenate([mask(key(number), WORDS, width) for number in range(MASKS)])
    assert set((words & 255).tolist()) == set((words >> word(width).type(width - 8)).tolist()) == set(range(256))


def test_a_range_that_is_one_short_is_noticed() -> None:
    """The positive control: masks from 0 to 254 instead of 255, as drawn by a published framework (row 2)."""
    words = np.concatenate([mask(key(number), WORDS, 32) for number in range(MASKS)]) % 255
    assert uniformity(words, 256) < SURE
    assert 255 not in words


@WIDTHS
def test_words_next_to_each_other_are_independent(width: int) -> None:
    words = np.concatenate([mask(key(number), WORDS, width) for number in range(MASKS)])
    nibbles = words >> word(width).type(width - 4)
    assert uniformity(nibbles[:-1] * 16 + nibbles[1:], 256) > SURE
    pairs = [mask(key(2 * number), WORDS, width) ^ mask(key(2 * number + 1), WORDS, width) for number in range(32)]
    assert uniformity(np.concatenate(pairs) & 255, 256) > SURE


@WIDTHS
def test_a_masked_vector_tells_nothing_of_the_one_beneath(width: int) -> None:
    """Word by word over many keys: a constant vector at either end of the ring comes out uniform."""
    for value in (0, (1 << (width - 1)) - 1, -(1 << (width - 1))):
        words = np.concatenate([to_ring([value] * WORDS, width) for _ in range(MASKS)])
        for number in range(MASKS):
            add_masks(words[number * WORDS : (number + 1) * WORDS], [key(number)], [])
        assert uniformity(words & 255, 256) > SURE
        assert uniformity(words >> word(width).type(width - 8), 256) > SURE


def test_keys_that_a_fold_or_a_shuffle_makes_equal_give_other_masks() -> None:
    """Row 1: a seed folded to 32 bits by XOR, or summed, has the same mask as many others."""
    whole = key(1)
    swapped = whole[4:8] + whole[:4] + whole[8:]
    shifted = bytes([whole[0] ^ 1, *whole[1:4], whole[4] ^ 1, *whole[5:]])
    masks = {bytes(mask(each, 8, 64).tobytes()) for each in (whole, swapped, shifted, whole[::-1])}
    assert len(masks) == 4


@settings(max_examples=40)
@given(st.sampled_from([32, 64]), st.integers(0, 300), st.binary(min_size=32, max_size=32))
def test_a_mask_is_the_models(width: int, length: int, seed: bytes) -> None:
    assert mask(seed, length, width).tolist() == primitives.prg(seed, length, width)


@WIDTHS
@pytest.mark.parametrize("over", [-1, 0, 1, 17])
def test_adding_in_blocks_is_adding_at_once(width: int, over: int) -> None:
    length = 2 * (1 << 18) * 8 // width + over
    vector = to_ring(np.arange(length) - length // 2, width)
    expected = vector + mask(key(1), length, width) + mask(key(2), length, width) - mask(key(3), length, width)
    add_masks(vector, [key(1), key(2)], [key(3)])
    assert np.array_equal(vector, expected)


@settings(max_examples=50)
@given(st.sampled_from([32, 64]), st.integers(2, 8), st.data())
def test_masks_of_pairs_cancel_in_the_sum_and_nowhere_before(width: int, count: int, data: st.DataObject) -> None:
    half = 1 << (width - 1)
    ends = st.sampled_from([0, 1, -1, (half - 1) // count, -(half // count)])
    values = data.draw(st.lists(st.lists(ends, min_size=3, max_size=3), min_size=count, max_size=count))
    masked = []
    for u in range(count):
        vector = to_ring(values[u], width)
        pairs = {v: key(1000 * min(u, v) + max(u, v)) for v in range(count) if v != u}
        add_masks(vector, [pairs[v] for v in pairs if v > u], [pairs[v] for v in pairs if v < u])
        masked.append(vector)
    assert all(from_ring(vector) != given for vector, given in zip(masked, values, strict=True))
    total = np.zeros(3, word(width))
    for vector in masked:
        total += vector
    assert from_ring(total) == [sum(entries) for entries in zip(*values, strict=True)]


@given(st.sampled_from([32, 64]), st.data())
def test_the_ring_gives_back_what_was_put_in(width: int, data: st.DataObject) -> None:
    half = 1 << (width - 1)
    values = data.draw(st.lists(st.integers(-half, half - 1), min_size=1))
    assert from_ring(to_ring(values, width)) == values
    assert to_ring(values, width).tobytes() == primitives.unworded(values, width)


@WIDTHS
def test_a_number_that_does_not_fit_the_ring_is_refused_and_never_wrapped(width: int) -> None:
    half = 1 << (width - 1)
    for value in (half, -half - 1, 2 * half):
        with pytest.raises((ValueError, TypeError)):
            to_ring([0, value], width)


@pytest.mark.parametrize("values", [[1.0], [True], ["1"], [[1]], [None]])
def test_only_whole_numbers_in_one_row_are_taken(values: list[int]) -> None:
    with pytest.raises(TypeError):
        to_ring(values, 32)


@pytest.mark.parametrize("width", [0, 8, 16, 31, 33, 128])
def test_there_is_no_ring_of_another_width(width: int) -> None:
    with pytest.raises(ValueError, match="width"):
        word(width)


# The points of low order on Curve25519 and its twist, and their encodings that are not canonical (RFC 7748, 6.1, and
# Bernstein, *Curve25519: new Diffie-Hellman speed records*, "small-subgroup attacks").
LOW_ORDER = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    FIELD_PRIME - 1,
    FIELD_PRIME,
    FIELD_PRIME + 1,
]


@pytest.mark.parametrize("point", LOW_ORDER)
@pytest.mark.parametrize("top_bit", [0, 1])
def test_points_of_low_order_are_refused(point: int, top_bit: int) -> None:
    encoded = (point | top_bit << 255).to_bytes(32, "little")
    assert not masking.is_usable_public_key(encoded)
    with pytest.raises(ValueError, match="shared key"):
        X25519PrivateKey.from_private_bytes(key(1)).exchange(X25519PublicKey.from_public_bytes(encoded))


@pytest.mark.parametrize("point", [9, 2**254, FIELD_PRIME - 2])
def test_a_key_has_one_encoding(point: int) -> None:
    assert masking.is_usable_public_key(point.to_bytes(32, "little"))
    for other in (point | 1 << 255, point + FIELD_PRIME):
        if other < 1 << 256:
            assert not masking.is_usable_public_key(other.to_bytes(32, "little"))


def test_nothing_from_p_on_is_a_key() -> None:
    for point in range(FIELD_PRIME, 2**255):
        assert not masking.is_usable_public_key(point.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_is_32_bytes_long(length: int) -> None:
    assert not masking.is_usable_public_key(b"\x09" * length)


def test_each_name_in_a_pair_key_makes_it_another() -> None:
    """Row 6: the same agreement under another group, manifest, pair or key is another key."""
    mine = X25519PrivateKey.from_private_bytes(key(1))
    theirs = X25519PrivateKey.from_private_bytes(key(2)).public_key().public_bytes_raw()
    pair, keys = ("X00000001", "X00000002"), (mine.public_key().public_bytes_raw(), theirs)
    made = {
        masking.pair_key(mine, theirs, key(3), "X12000001", pair, keys),
        masking.pair_key(mine, theirs, key(4), "X12000001", pair, keys),
        masking.pair_key(mine, theirs, key(3), "X12000002", pair, keys),
        masking.pair_key(mine, theirs, key(3), "X12000001", ("X00000001", "X00000003"), keys),
        masking.pair_key(mine, theirs, key(3), "X12000001", ("X00000000", "X00000002"), keys),
        masking.pair_key(mine, theirs, key(3), "X12000001", pair, (keys[0], key(5))),
        masking.pair_key(mine, theirs, key(3), "X12000001", pair, (key(5), keys[1])),
        masking.self_key(1, key(3), "X12000001", "X00000001", key(5)),
        masking.self_key(2, key(3), "X12000001", "X00000001", key(5)),
        masking.self_key(1, key(4), "X12000001", "X00000001", key(5)),
        masking.self_key(1, key(3), "X12000002", "X00000001", key(5)),
        masking.self_key(1, key(3), "X12000001", "X00000002", key(5)),
        masking.self_key(1, key(3), "X12000001", "X00000001", key(6)),
    }
    assert len(made) == 13


def test_each_name_behind_a_mask_key_makes_it_another() -> None:
    keys = {
        masking.mask_private_key(a, announce, node_id).private_bytes_raw()
        for a in (1, 2)
        for announce in (key(1), key(2))
        for node_id in ("X00000001", "X00000002")
    }
    assert len(keys) == 8


@pytest.mark.parametrize(("width", "other"), [(32, 64), (64, 32), (32, 32)])
def test_words_of_another_width_stand_for_the_same_numbers(width: int, other: int) -> None:
    numbers = [0, 1, -1, 2**30, -(2**30)]
    assert from_ring(with_width(to_ring(numbers, width), other)) == numbers


def test_a_number_that_another_width_does_not_hold_is_refused_and_so_are_floats() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        with_width(to_ring([2**31], 64), 32)
    with pytest.raises(TypeError):
        with_width(np.zeros(3), 32)
