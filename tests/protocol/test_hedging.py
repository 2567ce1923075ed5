"""If these failed, a machine restored from a snapshot of its memory could mask two vectors with one mask.

The operating system's bytes are held fixed here, as a restored generator would: what remains must tell one message
from another (secure aggregation reference, B.9 (6) and row 32).
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import stats

from protos.sa1 import hedging, masking
from protos.sa1.hedging import join_secrets, report_secrets
from protos.sa1.masking import to_ring
from protos.sa1.sharing import ORDER

REPEATED = hashlib.sha256(b"what a restored generator gives again").digest()
ANNOUNCE, MANIFEST, OTHER = (hashlib.sha256(name).digest() for name in (b"announce", b"manifest", b"other"))
Z = to_ring([1, 2, 3], 32)


def test_the_same_message_has_the_same_secrets() -> None:
    assert join_secrets(REPEATED, ANNOUNCE, "X00000001", 7) == join_secrets(REPEATED, ANNOUNCE, "X00000001", 7)
    assert report_secrets(REPEATED, MANIFEST, "X00000001", 7, Z) == report_secrets(
        REPEATED, MANIFEST, "X00000001", 7, Z.copy()
    )


def test_another_message_shares_no_secret_with_it() -> None:
    """Another manifest, one child more, another width or node: not one of nonce, b and coefficients comes back."""
    reports = [
        report_secrets(REPEATED, MANIFEST, "X00000001", 7, Z),
        report_secrets(REPEATED, OTHER, "X00000001", 7, Z),
        report_secrets(REPEATED, MANIFEST, "X00000001", 7, to_ring([1, 2, 4], 32)),
        report_secrets(REPEATED, MANIFEST, "X00000001", 7, to_ring([1, 2, 3], 64)),
        report_secrets(REPEATED, MANIFEST, "X00000002", 7, Z),
        report_secrets(OTHER, MANIFEST, "X00000001", 7, Z),
    ]
    elements = [element for secrets in reports for element in (secrets.b, *secrets.coefficients)]
    assert len(set(elements)) == 6 * 7
    assert len({secrets.nonce for secrets in reports}) == 6
    joins = [
        join_secrets(REPEATED, ANNOUNCE, "X00000001", 7),
        join_secrets(REPEATED, OTHER, "X00000001", 7),
        join_secrets(REPEATED, ANNOUNCE, "X00000002", 7),
        join_secrets(OTHER, ANNOUNCE, "X00000001", 7),
    ]
    elements += [element for secrets in joins for element in (secrets.a, *secrets.coefficients)]
    assert len(set(elements)) == 6 * 7 + 4 * 7


def test_a_join_and_a_report_under_one_hash_share_no_secret() -> None:
    join = join_secrets(REPEATED, ANNOUNCE, "X00000001", 7)
    report = report_secrets(REPEATED, ANNOUNCE, "X00000001", 7, to_ring(np.array([], dtype=np.int64), 32))
    assert not {join.a, *join.coefficients} & {report.b, *report.coefficients}


@pytest.mark.parametrize("threshold", [1, 2, 7, 103])
def test_a_polynomial_has_one_coefficient_less_than_shares_are_needed(threshold: int) -> None:
    assert len(join_secrets(REPEATED, ANNOUNCE, "X00000001", threshold).coefficients) == threshold - 1
    assert len(report_secrets(REPEATED, MANIFEST, "X00000001", threshold, Z).coefficients) == threshold - 1


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_less_randomness_than_32_bytes_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        join_secrets(bytes(length), ANNOUNCE, "X00000001", 3)


def test_secrets_are_uniform_in_the_field() -> None:
    """Chi-squared over sixteenths of the field; the randomness is fixed, so that no run fails by chance."""
    secrets = join_secrets(REPEATED, ANNOUNCE, "X00000001", 20_000)
    for size in (16, 251):
        low = np.bincount([element % size for element in secrets.coefficients], minlength=size)
        high = np.bincount([element * size // ORDER for element in secrets.coefficients], minlength=size)
        assert stats.chisquare(low).pvalue > 1e-9
        assert stats.chisquare(high).pvalue > 1e-9
    assert all(0 <= element < ORDER for element in secrets.coefficients)


def element_of(monkeypatch: pytest.MonkeyPatch, *taken: bytes) -> int:
    """The secret that is drawn where the stream gives these bytes first."""
    given = iter(taken)
    monkeypatch.setattr(hedging._Stream, "take", lambda _: next(given))
    return join_secrets(REPEATED, ANNOUNCE, "X00000001", 1).a


def test_zero_is_a_secret_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 14: a sharing that leaves out zero coefficients tells something of the secret."""
    assert element_of(monkeypatch, bytes(32)) == 0


def test_the_largest_element_is_taken_and_the_order_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert element_of(monkeypatch, (ORDER - 1).to_bytes(32, "little")) == ORDER - 1
    assert element_of(monkeypatch, ORDER.to_bytes(32, "little"), b"\xff" * 32, (5).to_bytes(32, "little")) == 5


def test_the_top_three_bits_are_cleared_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for bit in (253, 254, 255):
        assert element_of(monkeypatch, (5 | 1 << bit).to_bytes(32, "little")) == 5
    assert element_of(monkeypatch, (1 << 252).to_bytes(32, "little")) == 1 << 252


def test_without_the_hedge_the_same_mask_would_come_back() -> None:
    """The positive control: secrets that hold no message are those of the message before, and the masks cancel."""
    one, other = (to_ring(values, 32) for values in ([5, 6], [5, 7]))
    unhedged = report_secrets(REPEATED, bytes(32), "X00000001", 1, to_ring([0], 32))
    hedged = [report_secrets(REPEATED, MANIFEST, "X00000001", 1, z) for z in (one, other)]

    def masked(z: masking.Vector, secrets: hedging.ReportSecrets) -> masking.Vector:
        result = z.copy()
        masking.add_masks(result, [masking.self_key(secrets.b, MANIFEST, "X12000001", "X00000001", secrets.nonce)], [])
        return result

    assert masking.from_ring(masked(other, unhedged) - masked(one, unhedged)) == [0, 1]
    assert masking.from_ring(masked(other, hedged[1]) - masked(one, hedged[0])) != [0, 1]
