"""Secrets in the scalar field of Ed25519, and Shamir's sharing of them (B.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from .primitives import keystream

ORDER = 2**252 + 27742317777372353535851937790883648493


def le32(element: int) -> bytes:
    """LE32."""
    return element.to_bytes(32, "little")


def chunks(seed: bytes) -> Iterator[bytes]:
    """The stream of a seed, 32 bytes at a time."""
    length = 0
    while True:
        length += 32
        yield keystream(seed, length)[-32:]


def draw(stream: Iterator[bytes]) -> int:
    """The next element: 32 bytes of the stream without their top three bits, the next 32 where not below ORDER."""
    while True:
        element = int.from_bytes(next(stream), "little") % 2**253
        if element < ORDER:
            return element


def share(secret: int, coefficients: list[int], index: int) -> int:
    """The share of that index: the polynomial at it, term by term."""
    value, power = 0, 1
    for term in [secret, *coefficients]:
        value += term * power
        power *= index
    return value % ORDER


def interpolate(shares: Mapping[int, int]) -> int:
    """The polynomial at 0, by Lagrange's formula."""
    total = 0
    for index, value in shares.items():
        numerator = denominator = 1
        for other in shares:
            if other != index:
                numerator *= -other
                denominator *= index - other
        inverse: int = pow(denominator, -1, ORDER)
        total += value * numerator * inverse
    return total % ORDER


def recover(shares: Mapping[int, int], t: int, right: Callable[[int], bool]) -> int | None:
    """The secret that `right` accepts, by trying every t shares in turn; None where there is none."""
    for chosen in combinations(sorted(shares), t):
        secret = interpolate({index: shares[index] for index in chosen})
        if right(secret):
            return secret
    return None
