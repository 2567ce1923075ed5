"""Shamir's secret sharing over the scalar field of Ed25519 (Shamir 1979; secure aggregation reference B.3).

Shares are values of a polynomial of degree threshold - 1 at 1, 2, ..., whose value at 0 is the secret; coefficients are
uniform, zero among them. Share indices come from places in the committee, never from a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import mul

ORDER = 2**252 + 27742317777372353535851937790883648493
"""l, the order of the Ed25519 and ristretto255 scalar fields (RFC 9591 6.1): its vectors test this very field."""


class NotShares(ValueError):
    """Shares that are not what a sharing can have given."""


def threshold(committee: int) -> int:
    """The smallest majority for which two disjoint decisions need more than a third to say both."""
    return 2 * committee // 3 + 1


def decode(encoded: bytes) -> int:
    """A field element from 32 bytes, the least significant first. Raises NotShares for any other bytes."""
    value = int.from_bytes(encoded, "little")
    if len(encoded) != 32 or value >= ORDER:
        raise NotShares("not a field element")
    return value


def share(secret: int, coefficients: Sequence[int], count: int) -> list[int]:
    """The values at 1 to `count` of the polynomial with that constant term and those higher coefficients.

    Raises NotShares for an element outside the field.
    """
    polynomial = (secret, *coefficients)
    if not all(0 <= element < ORDER for element in polynomial):
        raise NotShares("not a field element")
    backwards = polynomial[::-1]
    values = []
    for x in range(1, count + 1):
        value = 0
        for coefficient in backwards:
            value = (value * x + coefficient) % ORDER
        values.append(value)
    return values


def lagrange_at_zero(indices: Sequence[int]) -> list[int]:
    """The weights by which values at those indices add up to the value at 0: one vector serves all owners.

    One inversion for all (Montgomery). Raises NotShares for an index that is 0, twice there, or not below l.
    """
    _need_indices(indices)
    numerators, denominators = [], []
    for x in indices:
        numerator = denominator = 1
        for other in indices:
            if other != x:
                numerator = numerator * other % ORDER
                denominator = denominator * (other - x) % ORDER
        numerators.append(numerator)
        denominators.append(denominator)
    return [n * inverse % ORDER for n, inverse in zip(numerators, _inverses(denominators), strict=True)]


def recover(shares: Sequence[int], weights: Sequence[int]) -> int:
    """The secret from exactly `threshold` shares and their weights. Raises NotShares where the numbers differ."""
    if len(shares) != len(weights) or not shares:
        raise NotShares("as many shares as weights are needed, and no more")
    total: int = sum(map(mul, shares, weights))
    return total % ORDER


def correct(shares: Mapping[int, int], needed: int) -> tuple[int, frozenset[int]]:
    """The secret, and the indices of shares that are wrong, where at most (len - needed) // 2 are.

    Gao's decoder of Reed-Solomon codes (2003): with G the product of (x - index) and R the interpolation of the shares,
    the extended Euclidean algorithm is stopped half way, and the quotient of remainder and cofactor is the polynomial.

    Raises NotShares where there are too few shares, or too many wrong ones, and for an index that is 0 or not below l.
    """
    _need_indices(list(shares))
    if len(shares) < needed or needed < 1:
        raise NotShares("too few shares")
    points = sorted(shares.items())
    product = [1]
    for x, _ in points:
        product = _times(product, [-x % ORDER, 1])
    previous, remainder = product, _interpolate(points, product)
    before, cofactor = [0], [1]
    while 2 * (len(remainder) - 1) >= len(points) + needed and any(remainder):
        quotient, rest = _divide(previous, remainder)
        previous, remainder = remainder, rest
        before, cofactor = cofactor, _minus(before, _times(quotient, cofactor))
    polynomial, rest = _divide(remainder, cofactor)
    if any(rest) or len(polynomial) > needed:
        raise NotShares("too many shares are wrong")
    wrong = frozenset(x for x, value in points if _value(polynomial, x) != value)
    if 2 * len(wrong) > len(points) - needed:
        raise NotShares("too many shares are wrong")
    return polynomial[0], wrong


def _need_indices(indices: Sequence[int]) -> None:
    if len(set(indices)) != len(indices) or not all(0 < index < ORDER for index in indices):
        raise NotShares("an index is 0, or given twice")


def _inverses(values: Sequence[int]) -> list[int]:
    running, total = [], 1
    for value in values:
        running.append(total)
        total = total * value % ORDER
    inverse = pow(total, -1, ORDER)
    inverses = [0] * len(values)
    for place in reversed(range(len(values))):
        inverses[place] = inverse * running[place] % ORDER
        inverse = inverse * values[place] % ORDER
    return inverses


def _trimmed(polynomial: Iterable[int]) -> list[int]:
    listed = list(polynomial)
    while len(listed) > 1 and not listed[-1]:
        listed.pop()
    return listed


def _times(one: Sequence[int], other: Sequence[int]) -> list[int]:
    result = [0] * (len(one) + len(other) - 1)
    for i, left in enumerate(one):
        for j, right in enumerate(other):
            result[i + j] += left * right
    return _trimmed(value % ORDER for value in result)


def _minus(one: Sequence[int], other: Sequence[int]) -> list[int]:
    size = max(len(one), len(other))
    padded = ([*polynomial, *[0] * (size - len(polynomial))] for polynomial in (one, other))
    return _trimmed((left - right) % ORDER for left, right in zip(*padded, strict=True))


def _divide(dividend: Sequence[int], divisor: Sequence[int]) -> tuple[list[int], list[int]]:
    rest = list(dividend)
    inverse = pow(divisor[-1], -1, ORDER)
    quotient = [0] * max(1, len(rest) - len(divisor) + 1)
    while len(rest) >= len(divisor) and any(rest):
        shift = len(rest) - len(divisor)
        factor = rest[-1] * inverse % ORDER
        quotient[shift] = factor
        for place, coefficient in enumerate(divisor):
            rest[shift + place] = (rest[shift + place] - factor * coefficient) % ORDER
        rest = _trimmed(rest)
    return _trimmed(quotient), _trimmed(rest)


def _interpolate(points: Sequence[tuple[int, int]], product: Sequence[int]) -> list[int]:
    derivative = [place * coefficient % ORDER for place, coefficient in enumerate(product)][1:]
    inverses = _inverses([_value(derivative, x) for x, _ in points])
    result = [0] * len(points)
    for (x, value), inverse in zip(points, inverses, strict=True):
        factor, carried = value * inverse % ORDER, 0
        for place in reversed(range(len(points))):
            carried = (product[place + 1] + carried * x) % ORDER
            result[place] = (result[place] + factor * carried) % ORDER
    return _trimmed(result)


def _value(polynomial: Sequence[int], x: int) -> int:
    value = 0
    for coefficient in reversed(polynomial):
        value = (value * x + coefficient) % ORDER
    return value
