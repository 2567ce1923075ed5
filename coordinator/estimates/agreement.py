"""Making noised sums agree with what they add up to: exact generalised least squares over a tree, in two passes.

A part of the tree is one true sum. It may be measured any number of times, each with independent noise of known
variance, and be divided any number of times into parts that add up to it (England into women, men and unknown; England
into regions, a region into councils). Given a part's true sum, what lies below it in each of its partitions is
independent of everything else, so that two passes solve the normal equations exactly (privacy reference 6.4, 6.5; the
smoother of Rauch, Tung and Striebel 1965, on a tree). With u_j the variance of child j from its own subtree alone,
U = sum of u, s_j = u_j / U, and V the final variance of the parent:

* upwards, a part is the inverse-variance mean of its measurements and of each partition's sum;
* downwards, child_j + s_j * (parent - sum of children), with variance u_j (1 - s_j) + s_j^2 V;
* covariances: of two children of one partition -u_i s_j + V s_i s_j, of children of different partitions V s_i s_j, of
  child and parent s_j V; further down, times the shares s along both paths.

A sum of variance 0 is known exactly. A part that nothing was measured of has infinite variance from below: alone among
its siblings it takes all that the parent leaves; two of them stay unknown, and only their sum is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.estimates.sums import NoisySum, combine, pooled


@dataclass(frozen=True)
class Part:
    """A true sum: its independent noisy measurements, and the partitions whose parts add up to it.

    `key` is its own in the whole tree.
    """

    key: str
    measured: tuple[NoisySum, ...] = ()
    partitions: tuple[tuple[Part, ...], ...] = ()


@dataclass(frozen=True)
class _Placed:
    """A part's place: its parent, and which of the parent's partitions it is in; what its own subtree says of it
    (`below`), its share of what the partition is off, and its sum after both passes."""

    parent: str | None
    partition: int
    below: NoisySum
    share: float
    final: NoisySum


class Agreement:
    """The sums of a tree after least squares: each partition adds up, and nothing is less certain than it was."""

    def __init__(self, placed: dict[str, _Placed]) -> None:
        self._placed = placed

    def sum(self, key: str) -> NoisySum:
        """The sum of that part; its variance is infinite where the measurements do not say it. Raises KeyError for a
        key that the tree does not hold."""
        return self._placed[key].final

    def covariance(self, first: str, second: str) -> float:
        """The covariance of the noises of two sums; NaN where either is not known. Raises KeyError as `sum` does."""
        if first == second:
            return self.sum(first).variance
        if math.isinf(self.sum(first).variance) or math.isinf(self.sum(second).variance):
            return math.nan
        one, two = self._path(first), self._path(second)
        while len(one) > 1 and len(two) > 1 and one[-2] == two[-2]:
            one.pop()
            two.pop()
        common = self._placed[one[-1]].final.variance
        shares = math.prod(self._placed[key].share for key in (*one[:-2], *two[:-2]))
        if not shares:
            return 0.0
        if len(one) > 1 and len(two) > 1:
            return shares * self._between_children(one[-2], two[-2], common)
        nearest = one[-2] if len(one) > 1 else two[-2]
        return shares * _times(self._placed[nearest].share, common)

    def _path(self, key: str) -> list[str]:
        """The part, its parent, and so on up to the root."""
        path, parent = [key], self._placed[key].parent
        while parent is not None:
            path.append(parent)
            parent = self._placed[parent].parent
        return path

    def _between_children(self, first: str, second: str, parent_variance: float) -> float:
        one, two = self._placed[first], self._placed[second]
        through_parent = _times(one.share * two.share, parent_variance)
        if one.partition != two.partition:
            return through_parent
        # u_i s_j = s_i u_j: the factor that is finite is taken where one of the two was not measured.
        tied = one.below.variance * two.share if math.isfinite(one.below.variance) else one.share * two.below.variance
        return through_parent - tied


def _times(share: float, variance: float) -> float:
    """Nothing of an unknown is nothing."""
    return share * variance if share else 0.0


def agree(root: Part) -> Agreement:
    """The sums of the tree under `root` that fit their measurements best, with their variances and covariances.

    Unbiased, and of the least variance among all linear estimates. O(parts), after which a covariance is O(depth).

    Raises ValueError for a key that stands twice in the tree.
    """
    order: list[tuple[Part, str | None, int]] = [(root, None, 0)]
    for part, _, _ in order:
        for number, children in enumerate(part.partitions):
            order.extend((child, part.key, number) for child in children)
    below: dict[str, NoisySum] = {}
    for part, _, _ in reversed(order):
        if part.key in below:
            raise ValueError(f"{part.key} stands twice in the tree")
        sums = (combine(below[child.key] for child in children) for children in part.partitions)
        below[part.key] = pooled((*part.measured, *sums))
    placed = {root.key: _Placed(None, 0, below[root.key], 0.0, below[root.key])}
    for part, _, _ in order:
        for number, children in enumerate(part.partitions):
            found = _downwards([below[child.key] for child in children], placed[part.key].final)
            for child, (share, final) in zip(children, found, strict=True):
                placed[child.key] = _Placed(part.key, number, below[child.key], share, final)
    return Agreement(placed)


def _downwards(children: Sequence[NoisySum], parent: NoisySum) -> list[tuple[float, NoisySum]]:
    """Each child's share of what its partition is off, and its final sum."""
    known = math.fsum(child.variance for child in children if math.isfinite(child.variance))
    unknown = sum(math.isinf(child.variance) for child in children)
    off = parent.value - math.fsum(child.value for child in children)
    final = []
    for child in children:
        if math.isinf(child.variance):
            share, left = 1 / unknown, known if unknown == 1 else math.inf
        elif unknown:
            share, left = 0.0, child.variance
        else:
            # Where all are known exactly, the shares matter only to figures that contradict one another.
            share = child.variance / known if known else 1 / len(children)
            left = child.variance * (1 - share)
        final.append((share, NoisySum(child.value + share * off, left + _times(share**2, parent.variance))))
    return final
