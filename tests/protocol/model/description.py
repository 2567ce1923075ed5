"""A round as text: what went in, and every value that the specification then leaves no choice about, in hex.

Ciphertexts stand apart: a sender's key is drawn for each, which the production code leaves to its library.
"""

from __future__ import annotations

from typing import Any

from .members import Dealt
from .primitives import unworded
from .rounds import TIMES, VALID, Transcript
from .wire import Envelope

Description = dict[str, Any]


def raw_key(key: Any) -> str:
    """A private key as 32 bytes in hex."""
    return str(key.private_bytes_raw().hex())


def inputs(it: Transcript) -> Description:
    """All that a round is made from: keys, randomness, vectors, the announced numbers and who was there when."""
    case = it.case
    return {
        "authority": raw_key(case.key("authority")),
        "coordinator": raw_key(case.key("coordinator")),
        "members": {
            node_id: {
                "idk": raw_key(keys.idk),
                "ek": keys.ek.hex(),
                "certificate_key": raw_key(keys.certificate_key),
                "certificate": keys.certificate.hex(),
                "join_randomness": case.secret(f"{node_id}/join").hex(),
                "report_randomness": case.secret(f"{node_id}/report").hex(),
                "vector": case.vector(node_id),
            }
            for node_id, keys in it.keys.items()
        },
        "valid": list(VALID),
        "committee": case.committee_ids,
        "groups": {group: sorted(nodes) for group, nodes in sorted(case.groups.items())},
        "round_id": it.round_id.hex(),
        "query_hash": case.secret("query").hex(),
        "noise_hash": case.secret("noise").hex(),
        "length": case.length,
        "width": case.width,
        "abs_bound": case.abs_bound,
        "floors": [case.min_cell, case.min_pct, case.max_dropped, case.max_colluding],
        "times": list(TIMES),
        "joined": list(it.joins),
        "reported": sorted(it.reports),
        "voted": [verdict.signer for verdict in it.verdicts],
        "revealed": [reveal.signer for reveal in it.reveals],
    }


def ciphertexts(it: Transcript) -> Description:
    """The sealed shares of every Join and report, in committee order."""
    return {
        "joins": {node_id: _hexed(joined.dealt.ciphertexts) for node_id, joined in it.joins.items()},
        "reports": {node_id: _hexed(it.reports[node_id].dealt.ciphertexts) for node_id in sorted(it.reports)},
    }


def outcome(it: Transcript) -> Description:
    """Every value on the way, and every message."""
    return {
        "threshold": it.t,
        "epoch": {**_message(it.epoch), "hash": it.epoch_hash.hex()},
        "announce": {**_message(it.announce), "hash": it.announce_hash.hex()},
        "joins": {
            node_id: {
                **_dealt(joined.dealt),
                "mask_sk": joined.mask_sk.hex(),
                "mask_pk": joined.mask_pk.hex(),
                **_message(joined.envelope),
                "hash": joined.hash.hex(),
            }
            for node_id, joined in it.joins.items()
        },
        "manifest": {**_message(it.manifest), "hash": it.manifest_hash.hex()},
        "reports": {
            node_id: {
                **_dealt(report.dealt),
                "nonce": report.nonce.hex(),
                "self_key": report.self_key.hex(),
                "pair_keys": {other: key.hex() for other, key in report.pair_keys.items()},
                "masked": unworded(report.masked, it.case.width).hex(),
                **_message(report.envelope),
                "hash": report.hash.hex(),
            }
            for node_id, report in sorted(it.reports.items())
        },
        "statement": {**_message(it.statement), "hash": it.stmt_hash.hex()},
        "verdicts": [_message(verdict) for verdict in it.verdicts],
        "certificate": it.certificate.hex(),
        "abort_request": _message(it.abort_request),
        "aborts": [_message(verdict) for verdict in it.aborts],
        "reveals": [_message(reveal) for reveal in it.reveals],
        "sums": it.sums,
        "result": _message(it.result),
        "receipts": [_message(receipt) for receipt in it.receipts],
    }


def describe(it: Transcript) -> Description:
    """The whole round."""
    return {"inputs": inputs(it), "ciphertexts": ciphertexts(it), "outcome": outcome(it)}


def _hexed(contents: list[bytes]) -> list[str]:
    return [content.hex() for content in contents]


def _message(envelope: Envelope) -> Description:
    return {"payload": envelope.payload.hex(), "sig": envelope.sig.hex(), "signer": envelope.signer}


def _dealt(dealt: Dealt) -> Description:
    return {
        "secret": str(dealt.secret),
        "coefficients": [str(coefficient) for coefficient in dealt.coefficients],
        "shares": [str(share) for share in dealt.shares],
        "infos": _hexed(dealt.infos),
        "digest": dealt.digest.hex(),
    }
