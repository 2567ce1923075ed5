"""Between wire messages and the coordinator's domain types. Missing, zero and malformed values are refused here.

Nothing is decided here; every refusal is the one `Malformed`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

from google.protobuf.message import DecodeError

from coordinator.enrolment import EnrolmentRequest
from coordinator.intake import SummaryContent
from coordinator.records import LedgerHead, SignedSummary, StoredSummary, SummaryIdentity
from coordinator.refusals import Malformed
from frameworks.collection import Collection
from frameworks.model import ReleaseMode
from frameworks.plan import ReleasePlan
from frameworks.shares import Groups, SecureTerms
from protos.benchmark.v1.benchmark_pb2 import GetBenchmarkRequest, GetBenchmarkResponse
from protos.collection.v1 import collection_pb2
from protos.enrolment.v1.enrolment_pb2 import (
    ENROLMENT_STATE_ISSUED,
    ENROLMENT_STATE_PENDING,
    EnrolRequest,
    EnrolResponse,
)
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.summary.v1.summary_pb2 import SubmitSummaryRequest, Summary

SOFTWARE_VERSION = version("newlyn")

_COUNCIL_CODE = re.compile(r"[0-9]{3}")
_COLLECTION_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_RELEASE_ID = re.compile(r"[a-z][a-z0-9_]{0,59}")
_DECLARED_FILE = re.compile(r"[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40})?@[0-9]{4}")
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,40}")
_MAXIMUM_REQUEST = 4096
_MAXIMUM_DECLARED = 200

_MODES: dict[ReleaseMode, collection_pb2.ReleaseMode] = {
    "council": collection_pb2.RELEASE_MODE_COUNCIL,
    "secure": collection_pb2.RELEASE_MODE_SECURE,
}
_GROUPS: dict[Groups, collection_pb2.ReleaseGroups] = {
    "england": collection_pb2.RELEASE_GROUPS_ENGLAND,
    "regions": collection_pb2.RELEASE_GROUPS_REGIONS,
}


def _require(*conditions: bool) -> None:
    if not all(conditions):
        raise Malformed


def read_enrol_request(message: EnrolRequest) -> EnrolmentRequest:
    """A node's request for a certificate. Raises Malformed."""
    _require(
        _COUNCIL_CODE.fullmatch(message.council_code) is not None,
        len(message.invitation_token) == 32,
        0 < len(message.certificate_request) <= _MAXIMUM_REQUEST,
        len(message.signing_public_key) == 32,
        len(message.signing_key_proof) == 64,
    )
    return EnrolmentRequest(
        message.council_code,
        message.invitation_token,
        message.certificate_request,
        message.signing_public_key,
        message.signing_key_proof,
    )


def enrol_response(certificate: bytes | None) -> EnrolResponse:
    """The certificate in PEM, or that the request waits for the authority."""
    if certificate is None:
        return EnrolResponse(state=ENROLMENT_STATE_PENDING)
    return EnrolResponse(state=ENROLMENT_STATE_ISSUED, certificate_chain=certificate)


def read_hello(message: collection_pb2.HelloRequest) -> str:
    """The node's software version. Raises Malformed."""
    _require(_VERSION.fullmatch(message.software_version) is not None)
    return message.software_version


def hello_response(head: LedgerHead | None, now: datetime) -> collection_pb2.HelloResponse:
    """Our version and clock, and the ledger head remembered for the council."""
    response = collection_pb2.HelloResponse(software_version=SOFTWARE_VERSION, time=int(now.timestamp()))
    if head is not None:
        response.remembered_head.CopyFrom(collection_pb2.LedgerHead(sequence=head.sequence, hash=head.hash))
    return response


def list_response(envelopes: Sequence[bytes]) -> collection_pb2.ListCollectionsResponse:
    """The signed envelopes of the open collections, as stored."""
    return collection_pb2.ListCollectionsResponse(
        collections=[SignedEnvelope.FromString(envelope) for envelope in envelopes]
    )


def read_submission(message: SubmitSummaryRequest) -> SignedEnvelope:
    """The envelope that carries a summary. Raises Malformed."""
    envelope = message.summary
    _require(message.HasField("summary"), bool(envelope.payload), len(envelope.signature) == 64)
    return envelope


def read_summary(payload: bytes) -> SummaryContent:
    """A summary's payload, parsed after its signature was checked. Raises Malformed."""
    try:
        message = Summary.FromString(payload)
    except DecodeError as error:
        raise Malformed from error
    _require(
        _COUNCIL_CODE.fullmatch(message.council_code) is not None,
        _COLLECTION_ID.fullmatch(message.collection_id) is not None,
        _RELEASE_ID.fullmatch(message.release_id) is not None,
        len(message.plan_hash) == 32,
        len(message.framework_digest) == 32,
        0 < message.ledger_head.sequence < 2**63,
        len(message.ledger_head.hash) == 32,
        len(message.declared_files) <= _MAXIMUM_DECLARED,
        all(_DECLARED_FILE.fullmatch(name) for name in message.declared_files),
        len(message.values) > 0,
    )
    return SummaryContent(
        identity=SummaryIdentity(message.council_code, message.collection_id, message.release_id),
        plan_hash=message.plan_hash,
        framework_digest=message.framework_digest,
        ledger_head=LedgerHead(message.ledger_head.sequence, message.ledger_head.hash),
        declared_files=frozenset(message.declared_files),
        values=tuple(message.values),
    )


def stored_summary(summary: SignedSummary) -> StoredSummary:
    """A stored summary, parsed for the estimates. Raises Malformed, which would mean a damaged database."""
    content = read_summary(summary.payload)
    return StoredSummary(
        content.identity.council_code,
        content.identity.collection_id,
        content.identity.release_id,
        content.values,
        content.declared_files,
        summary.payload_digest,
        summary.received_at,
    )


def read_benchmark_request(message: GetBenchmarkRequest) -> str:
    """The id of the collection asked for. Raises Malformed."""
    _require(_COLLECTION_ID.fullmatch(message.collection_id) is not None)
    return message.collection_id


def benchmark_response(envelope: bytes) -> GetBenchmarkResponse:
    """The signed benchmark, as stored."""
    return GetBenchmarkResponse(benchmark=SignedEnvelope.FromString(envelope))


def _secure_terms(terms: SecureTerms | None) -> collection_pb2.SecureTerms | None:
    if terms is None:
        return None
    return collection_pb2.SecureTerms(
        groups=_GROUPS[terms.groups],
        largest_group=terms.largest_group,
        max_dropped=terms.max_dropped,
        max_colluding=terms.max_colluding,
    )


def collection_message(collection: Collection, plans: Sequence[ReleasePlan]) -> collection_pb2.Collection:
    """A collection as nodes receive it, with the hash of each release's plan, in the order of its releases."""
    return collection_pb2.Collection(
        id=collection.id,
        framework_id=collection.framework_id,
        framework_version=collection.framework_version,
        framework_digest=bytes.fromhex(collection.framework_digest),
        reference_year=collection.reference_year,
        opens_at=int(collection.opens_at.timestamp()),
        closes_at=int(collection.closes_at.timestamp()),
        releases=[
            collection_pb2.Release(
                id=request.id,
                mode=_MODES[request.mode],
                indicators=request.indicators,
                breakdowns=request.breakdowns,
                rho_units=request.rho_units,
                plan_hash=plan.plan_hash,
                precisions=request.precisions,
                secure=_secure_terms(request.secure),
            )
            for request, plan in zip(collection.releases, plans, strict=True)
        ],
    )
