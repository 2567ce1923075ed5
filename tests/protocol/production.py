"""The production functions of protos/sa1, and the coordinator's unmasking, put through a round that the model played.

What comes out has the form of `tests.protocol.model.description.outcome`. Every message is written from its values,
never copied from the model's, and then read by the production reader, whose findings are what later steps use.
Only the ciphertexts of shares are taken over: they hold a key that was drawn.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from google.protobuf.message import Message

from coordinator.rounds.unmask import find_secrets, open_sum
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import hedging, masking, sealing, sharing, transcript
from protos.sa1.announces import Announce, read_announce
from protos.sa1.epochs import NO_EPOCH, Epoch, read_epoch
from protos.sa1.floors import meets_release_floor, meets_roster_floor
from protos.sa1.rosters import Roster, read_join, read_manifest
from protos.sa1.statements import (
    Header,
    Statement,
    read_certificate,
    read_header,
    read_reveal,
    read_statement,
    revealed_kind,
)
from protos.sa1.strict import encode
from protos.sa1.transcript import AUTHORITY, COORDINATOR, Signature

Description = dict[str, Any]


def ed25519(hexed: str) -> Ed25519PrivateKey:
    """A signing key."""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(hexed))


def x25519(hexed: str) -> X25519PrivateKey:
    """A key to which shares are sealed."""
    return X25519PrivateKey.from_private_bytes(bytes.fromhex(hexed))


def say(key: Ed25519PrivateKey, signer: str, kind: Signature, message: Message) -> pb.Signed:
    """A message under a signature."""
    payload = encode(message)
    return pb.Signed(payload=payload, sig=transcript.sign(key, kind, payload), signer=signer)


def described(signed: pb.Signed) -> Description:
    """A signed message as a description holds it."""
    return {"payload": signed.payload.hex(), "sig": signed.sig.hex(), "signer": signed.signer}


class Replay:
    """A round made again from a description's `inputs` and `ciphertexts`."""

    def __init__(self, inputs: Description, ciphertexts: Description) -> None:
        self._in = inputs
        self._members: Description = inputs["members"]
        self._ciphertexts = ciphertexts
        self._coordinator = ed25519(inputs["coordinator"])
        self._round_id = bytes.fromhex(inputs["round_id"])
        self._join_secrets: dict[str, hedging.JoinSecrets] = {}
        self._report_secrets: dict[str, hedging.ReportSecrets] = {}
        self._masked: dict[str, masking.Vector] = {}

    def outcome(self) -> Description:
        """Every value on the way, and every message."""
        signed_epoch, epoch = self._epoch()
        signed_announce, announce = self._announce(epoch)
        joins = {node_id: self._join(node_id, announce, epoch) for node_id in self._in["joined"]}
        manifest = say(
            self._coordinator,
            COORDINATOR,
            Signature.MANIFEST,
            pb.RoundManifest(
                round_id=self._round_id, announce_hash=announce.hash, roster=[signed for signed, _ in joins.values()]
            ),
        )
        roster = read_manifest(manifest, announce, epoch)
        reports = {node_id: self._report(node_id, roster, announce, epoch) for node_id in self._in["reported"]}
        headers = {node_id: signed for node_id, (signed, _) in reports.items()}
        signed_statement, statement = self._statement(headers, announce, roster, epoch)
        commits = [self._verdict(member, announce, (roster.hash, statement.hash)) for member in self._in["voted"]]
        aborts = [self._verdict(member, announce, None) for member in self._in["voted"]]
        certificate = pb.Certificate(verdicts=commits)
        assert read_certificate(certificate, announce, epoch).statement_hash == statement.hash
        assert not read_certificate(pb.Certificate(verdicts=aborts), announce, epoch).commits
        reveals = [self._reveal(member, roster, statement, epoch) for member in self._in["revealed"]]
        shares = dict(read_reveal(reveal, announce, roster, statement, epoch) for reveal in reveals)
        secrets = find_secrets(shares, epoch.committee, epoch.threshold, announce, roster, statement)
        assert not secrets.lost and not secrets.doubts
        sums = {
            cell: open_sum(self._added(statement.released[cell], announce), cell, announce, roster, statement, secrets)
            for cell in statement.released
        }
        result = self._result(certificate, roster, statement, sums)
        request = pb.AbortRequest(round_id=announce.round_id, announce_hash=announce.hash)
        said = [
            *((pb.MESSAGE_KIND_JOIN, signed) for signed, _ in joins.values()),
            *((pb.MESSAGE_KIND_REPORT, signed) for signed, _ in reports.values()),
            *((pb.MESSAGE_KIND_VERDICT, signed) for signed in commits),
            *((pb.MESSAGE_KIND_REVEAL, signed) for signed in reveals),
        ]
        return {
            "threshold": epoch.threshold,
            "epoch": {**described(signed_epoch), "hash": epoch.hash.hex()},
            "announce": {**described(signed_announce), "hash": announce.hash.hex()},
            "joins": {node_id: {**described(signed), **values} for node_id, (signed, values) in joins.items()},
            "manifest": {**described(manifest), "hash": roster.hash.hex()},
            "reports": {node_id: {**described(signed), **values} for node_id, (signed, values) in reports.items()},
            "statement": {**described(signed_statement), "hash": statement.hash.hex()},
            "verdicts": [described(verdict) for verdict in commits],
            "certificate": encode(certificate).hex(),
            "abort_request": described(say(self._coordinator, COORDINATOR, Signature.ABORT_REQUEST, request)),
            "aborts": [described(verdict) for verdict in aborts],
            "reveals": [described(reveal) for reveal in reveals],
            "sums": {cell: masking.from_ring(total) for cell, total in sums.items()},
            "result": described(result),
            "receipts": [described(self._receipt(kind, signed)) for kind, signed in said],
        }

    def _epoch(self) -> tuple[pb.Signed, Epoch]:
        authority = ed25519(self._in["authority"])
        cells = [pb.Group(cell_id=cell, node_ids=nodes) for cell, nodes in self._in["groups"].items()]
        message = pb.Epoch(
            epoch_no=1,
            prev_epoch_hash=NO_EPOCH,
            records=[self._record(node_id, authority) for node_id in self._members],
            committee=self._in["committee"],
            t=sharing.threshold(len(self._in["committee"])),
            coordinator_pub=self._coordinator.public_key().public_bytes_raw(),
            partition_table=[pb.Partition(partition_id="england", cells=cells)],
        )
        signed = say(authority, AUTHORITY, Signature.EPOCH, message)
        return signed, read_epoch(signed, authority.public_key().public_bytes_raw())

    def _record(self, node_id: str, authority: Ed25519PrivateKey) -> pb.SignedRecord:
        member = self._members[node_id]
        certificate = bytes.fromhex(member["certificate"])
        valid_from, valid_to = self._in["valid"]
        payload = encode(
            pb.EnrolmentRecord(
                node_id=node_id,
                idk_pub=ed25519(member["idk"]).public_key().public_bytes_raw(),
                ek_pub=x25519(member["ek"]).public_key().public_bytes_raw(),
                x509_sha256=hashlib.sha256(certificate).digest(),
                valid_from=valid_from,
                valid_to=valid_to,
                seq=1,
            )
        )
        return pb.SignedRecord(
            payload=payload,
            node_sig=transcript.sign(ed25519(member["certificate_key"]), Signature.RECORD, payload),
            certificate=certificate,
            authority_sig=transcript.sign(authority, Signature.RECORD, payload),
        )

    def _announce(self, epoch: Epoch) -> tuple[pb.Signed, Announce]:
        floors = zip(("min_cell", "min_pct", "max_dropped", "max_colluding"), self._in["floors"], strict=True)
        names = ("announced_at", "not_before", "t_join", "t_report", "t_commit", "t_reveal")
        message = pb.RoundAnnounce(
            round_id=self._round_id,
            epoch_hash=epoch.hash,
            collection_id="collection-2025/national",
            query_hash=bytes.fromhex(self._in["query_hash"]),
            d=self._in["length"],
            w=self._in["width"],
            abs_bound=self._in["abs_bound"],
            partition_id="england",
            suite=sealing.SUITE,
            dp_spec_hash=bytes.fromhex(self._in["noise_hash"]),
            **dict(floors),
            **dict(zip(names, self._in["times"], strict=True)),
        )
        signed = say(self._coordinator, COORDINATOR, Signature.ANNOUNCE, message)
        return signed, read_announce(signed, epoch)

    def _dealt(
        self, secret: int, coefficients: tuple[int, ...], infos: list[bytes], sealed: list[bytes]
    ) -> Description:
        """Shares of a secret, which both the model's ciphertexts and our own must hold."""
        shares = sharing.share(secret, coefficients, len(self._in["committee"]))
        for member, info, ciphertext, share in zip(self._in["committee"], infos, sealed, shares, strict=True):
            assert sealing.open_share(ciphertext, x25519(self._members[member]["ek"]), info) == share
        return {
            "secret": str(secret),
            "coefficients": [str(coefficient) for coefficient in coefficients],
            "shares": [str(share) for share in shares],
            "infos": [info.hex() for info in infos],
            "digest": transcript.digest_of(sealed).hex(),
        }

    def _join(self, node_id: str, announce: Announce, epoch: Epoch) -> tuple[pb.Signed, Description]:
        member = self._members[node_id]
        randomness = bytes.fromhex(member["join_randomness"])
        secrets = hedging.join_secrets(randomness, announce.hash, node_id, epoch.threshold)
        self._join_secrets[node_id] = secrets
        key = masking.mask_private_key(secrets.a, announce.hash, node_id)
        mask_pk = key.public_key().public_bytes_raw()
        infos = [
            sealing.a_share_info(announce.hash, node_id, other, epoch.index(other), mask_pk)
            for other in epoch.committee
        ]
        sealed = [bytes.fromhex(ciphertext) for ciphertext in self._ciphertexts["joins"][node_id]]
        message = pb.Join(
            round_id=announce.round_id,
            announce_hash=announce.hash,
            node_id=node_id,
            mask_pk=mask_pk,
            a_shares_digest=transcript.digest_of(sealed),
        )
        signed = say(ed25519(member["idk"]), node_id, Signature.JOIN, message)
        entry = read_join(signed, announce, epoch)
        return signed, {
            **self._dealt(secrets.a, secrets.coefficients, infos, sealed),
            "mask_sk": key.private_bytes_raw().hex(),
            "mask_pk": entry.mask_pk.hex(),
            "hash": transcript.join_hash(entry.payload).hex(),
        }

    def _report(self, me: str, roster: Roster, announce: Announce, epoch: Epoch) -> tuple[pb.Signed, Description]:
        member = self._members[me]
        cell = roster.cell_of(me)
        assert cell is not None
        vector = masking.to_ring(member["vector"], announce.width)
        randomness = bytes.fromhex(member["report_randomness"])
        secrets = hedging.report_secrets(randomness, roster.hash, me, epoch.threshold, vector)
        self._report_secrets[me] = secrets
        own = masking.self_key(secrets.b, roster.hash, cell, me, secrets.nonce)
        pairs = {
            other: self._pair_key(me, other, cell, roster, announce) for other in roster.cells[cell] if other != me
        }
        masking.add_masks(
            vector,
            [own, *(key for other, key in pairs.items() if other > me)],
            [key for other, key in pairs.items() if other < me],
        )
        self._masked[me] = vector
        infos = [
            sealing.b_share_info(roster.hash, me, other, epoch.index(other), secrets.nonce) for other in epoch.committee
        ]
        sealed = [bytes.fromhex(ciphertext) for ciphertext in self._ciphertexts["reports"][me]]
        message = pb.ReportHeader(
            round_id=announce.round_id,
            manifest_hash=roster.hash,
            node_id=me,
            nonce=secrets.nonce,
            vector_digest=hashlib.sha256(vector.tobytes()).digest(),
            b_commit=transcript.self_mask_commitment(secrets.b),
            b_shares_digest=transcript.digest_of(sealed),
        )
        signed = say(ed25519(member["idk"]), me, Signature.REPORT, message)
        header = read_header(signed, announce, roster, epoch)
        return signed, {
            **self._dealt(secrets.b, secrets.coefficients, infos, sealed),
            "nonce": header.nonce.hex(),
            "self_key": own.hex(),
            "pair_keys": {other: key.hex() for other, key in pairs.items()},
            "masked": vector.tobytes().hex(),
            "hash": header.hash.hex(),
        }

    def _pair_key(self, me: str, other: str, cell: str, roster: Roster, announce: Announce) -> bytes:
        mine = masking.mask_private_key(self._join_secrets[me].a, announce.hash, me)
        keys = {entry.node_id: entry.mask_pk for entry in roster.entries}
        lower, higher = sorted((me, other))
        return masking.pair_key(mine, keys[other], roster.hash, cell, (lower, higher), (keys[lower], keys[higher]))

    def _statement(
        self, headers: dict[str, pb.Signed], announce: Announce, roster: Roster, epoch: Epoch
    ) -> tuple[pb.Signed, Statement]:
        cells, listed = [], []
        for cell, on_roster in sorted(roster.cells.items()):
            survivors = [node_id for node_id in on_roster if node_id in headers]
            members = len(epoch.partitions["england"][cell])
            released = meets_roster_floor(announce, members, len(on_roster)) and meets_release_floor(
                announce, len(on_roster), len(survivors)
            )
            if not released:
                cells.append(pb.StatementCell(cell_id=cell, outcome=pb.CELL_OUTCOME_WITHHELD))
                continue
            listed += [headers[node_id] for node_id in survivors]
            hashes = [transcript.header_hash(headers[node_id].payload) for node_id in survivors]
            cells.append(pb.StatementCell(cell_id=cell, outcome=pb.CELL_OUTCOME_RELEASE, header_hash=hashes))
        message = pb.Statement(
            round_id=announce.round_id, announce_hash=announce.hash, manifest_hash=roster.hash, cells=cells
        )
        signed = say(self._coordinator, COORDINATOR, Signature.STATEMENT, message)
        return signed, read_statement(signed, listed, announce, roster, epoch)

    def _verdict(self, member: str, announce: Announce, commit: tuple[bytes, bytes] | None) -> pb.Signed:
        verdict = pb.Verdict(round_id=announce.round_id, announce_hash=announce.hash, node_id=member)
        if commit is None:
            verdict.abort.SetInParent()
        else:
            verdict.commit.manifest_hash, verdict.commit.stmt_hash = commit
        return say(ed25519(self._members[member]["idk"]), member, Signature.VERDICT, verdict)

    def _reveal(self, member: str, roster: Roster, statement: Statement, epoch: Epoch) -> pb.Signed:
        index, entries = epoch.index(member), []
        for place, entry in enumerate(roster.entries):
            kind = revealed_kind(entry.node_id, statement, roster)
            if kind is None:
                continue
            secret, coefficients = (
                (self._report_secrets[entry.node_id].b, self._report_secrets[entry.node_id].coefficients)
                if kind == pb.SHARE_KIND_B
                else (self._join_secrets[entry.node_id].a, self._join_secrets[entry.node_id].coefficients)
            )
            share = sharing.share(secret, coefficients, index)[-1]
            entries.append(pb.RevealEntry(roster_index=place, kind=kind, share=transcript.le32(share)))
        message = pb.Reveal(round_id=self._round_id, node_id=member, stmt_hash=statement.hash, entries=entries)
        return say(ed25519(self._members[member]["idk"]), member, Signature.REVEAL, message)

    def _added(self, headers: tuple[Header, ...], announce: Announce) -> bytes:
        """The masked vectors of a group's survivors, added up."""
        total = np.zeros(announce.length, masking.word(announce.width))
        for header in headers:
            total += self._masked[header.node_id]
        return total.tobytes()

    def _result(
        self, certificate: pb.Certificate, roster: Roster, statement: Statement, sums: dict[str, masking.Vector]
    ) -> pb.Signed:
        cells = []
        for cell, on_roster in sorted(roster.cells.items()):
            if cell not in sums:
                cells.append(pb.CellResult(cell_id=cell, outcome=pb.CELL_OUTCOME_WITHHELD))
                continue
            survivors = [header.node_id for header in statement.released[cell]]
            cells.append(
                pb.CellResult(
                    cell_id=cell,
                    outcome=pb.CELL_OUTCOME_RELEASE,
                    sum_digest=hashlib.sha256(sums[cell].tobytes()).digest(),
                    survivors=survivors,
                    dropped=[node_id for node_id in on_roster if node_id not in survivors],
                )
            )
        message = pb.RoundResult(
            round_id=self._round_id, stmt_hash=statement.hash, certificate=certificate, cells=cells
        )
        return say(self._coordinator, COORDINATOR, Signature.RESULT, message)

    def _receipt(self, kind: pb.MessageKind, signed: pb.Signed) -> pb.Signed:
        body = pb.ReceiptBody(
            round_id=self._round_id,
            node_id=signed.signer,
            kind=kind,
            payload_sha256=hashlib.sha256(signed.payload).digest(),
            time=self._in["times"][0] + int(kind),
        )
        return say(self._coordinator, COORDINATOR, Signature.RECEIPT, body)
