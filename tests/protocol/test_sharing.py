"""If these failed, too few councils could open a secret, or enough of them would open a wrong one without noticing."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from protos.sa1.sharing import ORDER, NotShares, correct, decode, lagrange_at_zero, recover, share, threshold
from tests.protocol.model import field

elements = st.one_of(st.sampled_from([0, 1, 2, ORDER - 2, ORDER - 1]), st.integers(0, ORDER - 1))


def polynomial_through(points: list[tuple[int, int]]) -> list[int]:
    """The coefficients of the one polynomial with fewer of them than points, by Gauss's elimination.

    Raises ValueError (of pow) where there is more than one, or none.
    """
    size = len(points)
    rows = [[pow(x, power, ORDER) for power in range(size)] + [y] for x, y in points]
    for column in range(size):
        pivot = next((row for row in range(column, size) if rows[row][column]), column)
        rows[column], rows[pivot] = rows[pivot], rows[column]
        inverse = pow(rows[column][column], -1, ORDER)
        rows[column] = [value * inverse % ORDER for value in rows[column]]
        for row in range(size):
            if row != column:
                factor = rows[row][column]
                rows[row] = [(one - factor * other) % ORDER for one, other in zip(rows[row], rows[column], strict=True)]
    return [row[-1] for row in rows]


def test_the_order_is_a_prime_so_that_it_is_a_field() -> None:
    """Miller and Rabin, 40 rounds: an error has a probability below 2**-80."""
    odd, twos = ORDER - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    rng = random.Random(5)
    for _ in range(40):
        power = pow(rng.randrange(2, ORDER - 1), odd, ORDER)
        assert power in (1, ORDER - 1) or any(pow(power, 2**step, ORDER) == ORDER - 1 for step in range(1, twos))


@pytest.mark.parametrize(
    ("committee", "needed"),
    [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (9, 7), (10, 7), (153, 103), (256, 171)],
)
def test_the_threshold_is_two_thirds_and_one(committee: int, needed: int) -> None:
    assert threshold(committee) == needed


def test_two_decisions_need_more_than_a_third_who_say_both() -> None:
    for committee in range(1, 1025):
        assert 2 * threshold(committee) - committee > committee / 3


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(0, 6), st.data())
def test_any_t_shares_give_the_secret(t: int, more: int, data: st.DataObject) -> None:
    secret = data.draw(elements)
    coefficients = data.draw(st.lists(elements, min_size=t - 1, max_size=t - 1))
    shares = share(secret, coefficients, t + more)
    assert shares == [field.share(secret, coefficients, index) for index in range(1, t + more + 1)]
    chosen = data.draw(st.permutations(range(1, t + more + 1)))[:t]
    picked = [shares[index - 1] for index in chosen]
    assert recover(picked, lagrange_at_zero(chosen)) == secret
    assert field.interpolate(dict(zip(chosen, picked, strict=True))) == secret


def test_any_t_minus_1_shares_fit_every_secret_in_exactly_one_way() -> None:
    """So they tell nothing: with uniform coefficients every secret is as likely as before, whichever members collude.

    All 210 sets of 6 of 10 are tried, with t = 7. What one such set does not know is one point of the polynomial, and
    for each value at 0 there is one polynomial of degree t - 1 through it and the known shares; the elimination would
    fail if there were more or none.
    """
    rng = random.Random(7)
    secret, *coefficients = (rng.randrange(ORDER) for _ in range(7))
    shares = share(secret, coefficients, 10)
    for colluding in itertools.combinations(range(1, 11), 6):
        known = [(index, shares[index - 1]) for index in colluding]
        for other in (0, 1, ORDER - 1, rng.randrange(ORDER)):
            constant, *fitting = polynomial_through([(0, other), *known])
            assert constant == other
            assert len(fitting) == 6
            again = share(other, fitting, 10)
            assert all(again[index - 1] == value for index, value in known)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.one_of(st.integers(1, 256), st.integers(1, ORDER - 1)), min_size=1, max_size=9))
def test_each_share_counts_whichever_members_open(indices: set[int]) -> None:
    """No weight is zero, so that the secret moves one to one with any single share: the others tell nothing of it.
    And the weights are right: they give 1 at 0, and take away every higher power."""
    chosen = sorted(indices)
    weights = lagrange_at_zero(chosen)
    assert all(weights)
    for power in range(len(chosen)):
        total = sum(weight * pow(x, power, ORDER) for weight, x in zip(weights, chosen, strict=True))
        assert total % ORDER == (power == 0)


def test_a_single_share_is_uniform_where_coefficients_are_zero_too() -> None:
    """Chi-squared over 64ths of the field; the draws are fixed, so that no run fails by chance. The control leaves out
    coefficients of zero in a small range: then a share is never the secret, which tells of it (row 14)."""
    rng = random.Random(9)
    shares = [share(42, [rng.randrange(ORDER)], 3) for _ in range(6_400)]
    for index in range(3):
        counts = np.bincount([values[index] * 64 // ORDER for values in shares], minlength=64)
        assert stats.chisquare(counts).pvalue > 1e-9
    assert share(42, [0, 0], 3) == [42, 42, 42]
    assert all(42 not in share(42, [rng.randrange(1, ORDER)], 3) for _ in range(100))


@pytest.mark.parametrize("t", [2, 3, 7])
def test_fewer_shares_or_more_than_weights_give_nothing(t: int) -> None:
    shares = share(5, list(range(1, t)), t + 1)
    weights = lagrange_at_zero(range(1, t + 1))
    assert recover(shares[:t], weights) == 5
    for wrong in (shares[: t - 1], shares[: t + 1], []):
        with pytest.raises(NotShares):
            recover(wrong, weights)
    with pytest.raises(NotShares):
        recover([], [])


def test_t_minus_1_shares_give_another_secret_and_not_the_right_one() -> None:
    rng = random.Random(10)
    for _ in range(100):
        shares = share(5, [rng.randrange(1, ORDER) for _ in range(6)], 10)
        assert recover(shares[:6], lagrange_at_zero(range(1, 7))) != 5


@pytest.mark.parametrize("indices", [[0, 1], [1, 1], [1, ORDER], [1, ORDER + 1], [-1, 1], [2, 3, 2]])
def test_an_index_that_is_zero_or_there_twice_is_refused(indices: list[int]) -> None:
    """Also modulo the order (row 13): index 0 is the secret itself, and two alike have no weights."""
    with pytest.raises(NotShares):
        lagrange_at_zero(indices)


@pytest.mark.parametrize("index", [0, -1, ORDER, ORDER + 1])
def test_an_index_that_no_member_has_is_not_corrected(index: int) -> None:
    with pytest.raises(NotShares):
        correct({1: 5, 2: 5, index: 5}, 1)


@pytest.mark.parametrize("element", [-1, ORDER, ORDER + 1])
def test_what_is_no_element_is_not_shared(element: int) -> None:
    with pytest.raises(NotShares):
        share(element, [1], 3)
    with pytest.raises(NotShares):
        share(1, [2, element], 3)


@pytest.mark.parametrize("encoded", [b"", bytes(31), bytes(33), ORDER.to_bytes(32, "little"), b"\xff" * 32])
def test_what_is_no_element_is_not_read(encoded: bytes) -> None:
    with pytest.raises(NotShares):
        decode(encoded)


@given(elements)
def test_an_element_is_32_bytes_the_least_significant_first(element: int) -> None:
    assert decode(field.le32(element)) == element


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 8), st.integers(0, 8), st.data())
def test_up_to_half_of_the_shares_beyond_t_may_be_wrong(t: int, more: int, data: st.DataObject) -> None:
    """And which of them is found: (r - t) // 2 of r (row 15)."""
    secret = data.draw(elements)
    coefficients = data.draw(st.lists(elements, min_size=t - 1, max_size=t - 1))
    received = data.draw(st.sets(st.integers(1, 20), min_size=t + more, max_size=t + more))
    right = {index: field.share(secret, coefficients, index) for index in received}
    wrong = data.draw(st.sets(st.sampled_from(sorted(received)), max_size=more // 2))
    shares = {index: (value + 1 + index) % ORDER if index in wrong else value for index, value in right.items()}
    assert correct(shares, t) == (secret, frozenset(wrong))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(0, 7), st.data())
def test_one_more_that_is_wrong_is_refused(t: int, more: int, data: st.DataObject) -> None:
    """By chance a random wrong share fits another polynomial with a probability of less than 2**-240."""
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    coefficients = [rng.randrange(ORDER) for _ in range(t)]
    shares = dict(enumerate(share(coefficients[0], coefficients[1:], t + more), 1))
    too_many = more // 2 + 1
    for index in data.draw(st.permutations(sorted(shares)))[:too_many]:
        shares[index] = (shares[index] + rng.randrange(1, ORDER)) % ORDER
    if more == 0:
        assert correct(shares, t)[0] != coefficients[0]
        return
    with pytest.raises(NotShares):
        correct(shares, t)


def test_shares_of_another_secret_among_many_give_that_one_which_its_owner_did_not_commit_to() -> None:
    """What is beyond the bound can be led astray, so what comes out is used only where it belongs to its owner."""
    one, other = share(5, [1, 2], 7), share(6, [3, 4], 7)
    shares = {index: (other if index <= 5 else one)[index - 1] for index in range(1, 8)}
    assert correct(shares, 3) == (6, frozenset({6, 7}))
    assert field.recover(shares, 3, lambda secret: secret == 5) is None
    assert field.recover({**shares, 1: one[0]}, 3, lambda secret: secret == 5) == 5


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 4), st.integers(2, 4), st.data())
def test_what_is_corrected_is_what_trying_all_sets_finds(t: int, more: int, data: st.DataObject) -> None:
    secret = data.draw(elements)
    shares = dict(enumerate(share(secret, data.draw(st.lists(elements, min_size=t - 1, max_size=t - 1)), t + more), 1))
    for index in data.draw(st.sets(st.sampled_from(sorted(shares)), max_size=more // 2)):
        shares[index] = (shares[index] + 1) % ORDER
    found, _ = correct(shares, t)
    assert field.recover(shares, t, lambda candidate: candidate == found) == secret


@pytest.mark.parametrize("secret", [0, 1, ORDER - 1])
@pytest.mark.parametrize("coefficients", [[], [0], [0, 0, 0], [1, 0, 0]])
def test_polynomials_of_a_lower_degree_are_corrected_too(secret: int, coefficients: list[int]) -> None:
    needed = len(coefficients) + 1
    shares = dict(enumerate(share(secret, coefficients, needed + 4), 1))
    assert correct(shares, needed) == (secret, frozenset())
    shares[2], shares[needed + 3] = (shares[2] + 1) % ORDER, (shares[needed + 3] + 1) % ORDER
    assert correct(shares, needed) == (secret, frozenset({2, needed + 3}))


def test_too_few_shares_are_not_corrected() -> None:
    shares = dict(enumerate(share(5, [1, 2], 2), 1))
    for few, needed in ((shares, 3), ({}, 1), (shares, 0)):
        with pytest.raises(NotShares):
            correct(few, needed)


def test_the_committee_of_england_is_opened_by_103_and_mends_25_wrong_shares() -> None:
    rng = random.Random(153)
    secret, *coefficients = (rng.randrange(ORDER) for _ in range(103))
    shares = share(secret, coefficients, 153)
    opening = sorted(rng.sample(range(1, 154), 103))
    assert recover([shares[index - 1] for index in opening], lagrange_at_zero(opening)) == secret
    word = dict(enumerate(shares, 1))
    wrong = frozenset(rng.sample(range(1, 154), 25))
    assert correct({**word, **{index: rng.randrange(ORDER) for index in wrong}}, 103) == (secret, wrong)
