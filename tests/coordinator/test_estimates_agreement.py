"""If sums did not agree by exact least squares, or their covariances were wrong, published intervals would be too.

The two passes are set against the normal equations of the whole tree, solved as matrices, on random trees.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.estimates.agreement import Part, agree
from coordinator.estimates.sums import NoisySum, pooled

Matrix = npt.NDArray[np.float64]

_measured = st.lists(st.builds(NoisySum, st.floats(-1e3, 1e3), st.floats(0.01, 100)), max_size=3).map(tuple)


@st.composite
def trees(draw: st.DrawFn, *, leaves_measured: bool = True) -> Part:
    """Trees up to three levels deep, with up to two partitions a part; a leaf is measured, or may not be."""
    names = iter(range(10_000))

    def part(depth: int) -> Part:
        sizes = draw(st.lists(st.integers(1, 3), max_size=2)) if depth else []
        partitions = tuple(tuple(part(depth - 1) for _ in range(size)) for size in sizes)
        measured = draw(_measured)
        if not partitions and not measured and leaves_measured:
            measured = (NoisySum(draw(st.floats(-1e3, 1e3)), draw(st.floats(0.01, 100))),)
        return Part(str(next(names)), measured, partitions)

    return part(3)


def _parts(root: Part) -> Iterator[Part]:
    yield root
    for partition in root.partitions:
        for child in partition:
            yield from _parts(child)


def _least_squares(root: Part) -> tuple[list[str], Matrix, Matrix]:
    """Keys, fitted sums and their covariance from the normal equations, NaN where the measurements do not say them.

    Constraints are eliminated with the null space of "parent less its partition's children". A sum is said if it lies
    in the row space of the measurements.
    """
    parts = list(_parts(root))
    place = {part.key: index for index, part in enumerate(parts)}
    constraints: list[Matrix] = []
    for part in parts:
        for partition in part.partitions:
            constraint = np.eye(len(parts))[place[part.key]]
            constraint[[place[child.key] for child in partition]] = -1
            constraints.append(constraint)
    measured = [(place[part.key], one) for part in parts for one in part.measured]
    basis = np.eye(len(parts))
    if constraints:
        _, singular, right = np.linalg.svd(np.array(constraints))
        basis = right[int(np.sum(singular > 1e-9)) :].T
    design = np.array([basis[index] for index, _ in measured]).reshape(len(measured), basis.shape[1])
    weights = np.diag([1 / one.variance for _, one in measured])
    covariance = np.linalg.pinv(design.T @ weights @ design, rcond=1e-12, hermitian=True)
    fitted = basis @ covariance @ design.T @ weights @ np.array([one.value for _, one in measured])
    unsaid = np.abs(basis - basis @ np.linalg.pinv(design) @ design).max(axis=1) > 1e-9
    shared = basis @ covariance @ basis.T
    fitted[unsaid] = math.nan
    shared[unsaid, :] = shared[:, unsaid] = math.nan
    return list(place), fitted, shared


def _assert_is_least_squares(root: Part) -> None:
    found = agree(root)
    keys, fitted, covariance = _least_squares(root)
    unsaid = [math.isinf(found.sum(key).variance) for key in keys]
    assert unsaid == np.isnan(fitted).tolist()
    said = [key for key, not_said in zip(keys, unsaid, strict=True) if not not_said]
    if not said:
        return
    fitted, covariance = fitted[~np.array(unsaid)], covariance[~np.array(unsaid)][:, ~np.array(unsaid)]
    scale = max(1.0, float(np.abs(fitted).max()))
    assert [found.sum(key).value for key in said] == pytest.approx(fitted.tolist(), abs=1e-9 * scale)
    ours = [[found.covariance(one, two) for two in said] for one in said]
    assert np.allclose(ours, covariance, rtol=1e-9, atol=1e-9 * float(covariance.max()))
    for key in set(keys) - set(said):
        assert math.isnan(found.covariance(key, said[0]))


@settings(deadline=None, max_examples=150)
@given(trees())
def test_two_passes_are_generalised_least_squares(root: Part) -> None:
    """Every sum and every covariance, to 1e-9, whatever the tree, the measurements and their scales."""
    _assert_is_least_squares(root)


@settings(deadline=None, max_examples=150)
@given(trees(leaves_measured=False))
def test_what_was_not_measured_is_said_as_far_as_it_follows(root: Part) -> None:
    """A part without a measurement is what its siblings leave of the parent; where that does not follow either, its
    variance is infinite and it has no covariance: just the sums that the normal equations leave open."""
    _assert_is_least_squares(root)


@settings(deadline=None)
@given(trees())
def test_every_partition_adds_up_and_nothing_loses_certainty(root: Part) -> None:
    """The point of it: figures that contradict one another are never published, and none pays for the agreement."""
    found = agree(root)
    scale = 1 + max(abs(found.sum(part.key).value) for part in _parts(root))
    for part in _parts(root):
        for partition in part.partitions:
            total = math.fsum(found.sum(child.key).value for child in partition)
            assert total == pytest.approx(found.sum(part.key).value, abs=1e-9 * scale)
        for one in part.measured:
            assert found.sum(part.key).variance <= one.variance * (1 + 1e-12)


def test_agreed_sums_are_unbiased_and_as_uncertain_as_they_say() -> None:
    """400 draws around known sums of unequal noise: the mean is the truth, the spread the stated one (4.5 standard
    errors for each of five sums)."""
    rng = np.random.default_rng(8)
    truth = {"england": 100.0, "north": 60.0, "south": 40.0, "female": 55.0, "male": 45.0}
    sigma = {"england": 3.0, "north": 1.0, "south": 6.0, "female": 2.0, "male": 5.0}

    def drawn(key: str) -> Part:
        return Part(key, (NoisySum(rng.normal(truth[key], sigma[key]), sigma[key] ** 2),))

    draws = []
    for _ in range(400):
        partitions = ((drawn("north"), drawn("south")), (drawn("female"), drawn("male")))
        found = agree(Part("england", drawn("england").measured, partitions))
        draws.append([found.sum(key).value for key in truth])
        variances = np.array([found.sum(key).variance for key in truth])
    off = (np.mean(draws, axis=0) - np.array(list(truth.values()))) / np.sqrt(variances / 400)
    assert np.all(np.abs(off) < 4.5)
    assert np.all(np.abs(np.var(draws, axis=0) / variances - 1) < 4.5 * math.sqrt(2 / 400))


def test_unequal_noise_is_shared_out_by_variance() -> None:
    """An equal share would leave the better of two cells worse than it was (privacy reference 6.4)."""
    found = agree(
        Part("all", (NoisySum(10, 1),), ((Part("one", (NoisySum(3, 1),)), Part("two", (NoisySum(13, 99),))),))
    )
    assert found.sum("one").variance < 1
    assert found.sum("one").value == pytest.approx(3 - (16 - found.sum("all").value) / 100)


def test_what_is_known_exactly_stays_as_it_is() -> None:
    """A published denominator used as public knowledge: the rest gives way, and its own noise is gone."""
    parts = (Part("one", (NoisySum(30, 4),)), Part("two", (NoisySum(80, 4),)))
    found = agree(Part("all", (NoisySum(105, 9), NoisySum(100, 0)), (parts,)))
    assert found.sum("all") == NoisySum(100, 0)
    assert [found.sum(key).value for key in ("one", "two")] == [25, 75]
    assert found.covariance("one", "two") == pytest.approx(-2)
    assert found.covariance("all", "one") == 0
    known = agree(Part("all", (NoisySum(100, 9),), ((Part("one", (NoisySum(30, 0),)), Part("two")),)))
    assert (known.sum("one"), known.sum("two")) == (NoisySum(30, 0), NoisySum(70, 9))


def test_measurements_of_one_sum_are_pooled_by_precision() -> None:
    """A final release with four times the precision of the provisional one has four fifths of the figure."""
    assert pooled([NoisySum(10, 4), NoisySum(20, 1)]) == NoisySum(18, 0.8)
    assert pooled([]).variance == math.inf
    assert pooled([NoisySum(5, math.inf), NoisySum(7, 2)]) == NoisySum(7, 2)


def test_a_key_stands_once() -> None:
    """Two parts of one name would share a figure."""
    with pytest.raises(ValueError, match="stands twice"):
        agree(Part("all", (), ((Part("one"), Part("one")),)))
