from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MessageKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSAGE_KIND_UNSPECIFIED: _ClassVar[MessageKind]
    MESSAGE_KIND_JOIN: _ClassVar[MessageKind]
    MESSAGE_KIND_REPORT: _ClassVar[MessageKind]
    MESSAGE_KIND_VERDICT: _ClassVar[MessageKind]
    MESSAGE_KIND_REVEAL: _ClassVar[MessageKind]

class CellOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CELL_OUTCOME_UNSPECIFIED: _ClassVar[CellOutcome]
    CELL_OUTCOME_RELEASE: _ClassVar[CellOutcome]
    CELL_OUTCOME_WITHHELD: _ClassVar[CellOutcome]

class ShareKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHARE_KIND_UNSPECIFIED: _ClassVar[ShareKind]
    SHARE_KIND_A: _ClassVar[ShareKind]
    SHARE_KIND_B: _ClassVar[ShareKind]

class RoundProgress(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROUND_PROGRESS_UNSPECIFIED: _ClassVar[RoundProgress]
    ROUND_PROGRESS_JOINED: _ClassVar[RoundProgress]
    ROUND_PROGRESS_REPORTED: _ClassVar[RoundProgress]
    ROUND_PROGRESS_VOTED: _ClassVar[RoundProgress]
    ROUND_PROGRESS_REVEALED: _ClassVar[RoundProgress]
MESSAGE_KIND_UNSPECIFIED: MessageKind
MESSAGE_KIND_JOIN: MessageKind
MESSAGE_KIND_REPORT: MessageKind
MESSAGE_KIND_VERDICT: MessageKind
MESSAGE_KIND_REVEAL: MessageKind
CELL_OUTCOME_UNSPECIFIED: CellOutcome
CELL_OUTCOME_RELEASE: CellOutcome
CELL_OUTCOME_WITHHELD: CellOutcome
SHARE_KIND_UNSPECIFIED: ShareKind
SHARE_KIND_A: ShareKind
SHARE_KIND_B: ShareKind
ROUND_PROGRESS_UNSPECIFIED: RoundProgress
ROUND_PROGRESS_JOINED: RoundProgress
ROUND_PROGRESS_REPORTED: RoundProgress
ROUND_PROGRESS_VOTED: RoundProgress
ROUND_PROGRESS_REVEALED: RoundProgress

class Signed(_message.Message):
    __slots__ = ("payload", "sig", "signer")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIG_FIELD_NUMBER: _ClassVar[int]
    SIGNER_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    sig: bytes
    signer: str
    def __init__(self, payload: _Optional[bytes] = ..., sig: _Optional[bytes] = ..., signer: _Optional[str] = ...) -> None: ...

class EnrolmentRecord(_message.Message):
    __slots__ = ("node_id", "idk_pub", "ek_pub", "x509_sha256", "valid_from", "valid_to", "seq")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    IDK_PUB_FIELD_NUMBER: _ClassVar[int]
    EK_PUB_FIELD_NUMBER: _ClassVar[int]
    X509_SHA256_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_TO_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    idk_pub: bytes
    ek_pub: bytes
    x509_sha256: bytes
    valid_from: int
    valid_to: int
    seq: int
    def __init__(self, node_id: _Optional[str] = ..., idk_pub: _Optional[bytes] = ..., ek_pub: _Optional[bytes] = ..., x509_sha256: _Optional[bytes] = ..., valid_from: _Optional[int] = ..., valid_to: _Optional[int] = ..., seq: _Optional[int] = ...) -> None: ...

class SignedRecord(_message.Message):
    __slots__ = ("payload", "node_sig", "certificate", "previous_idk_sig", "authority_sig")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    NODE_SIG_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_IDK_SIG_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_SIG_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    node_sig: bytes
    certificate: bytes
    previous_idk_sig: bytes
    authority_sig: bytes
    def __init__(self, payload: _Optional[bytes] = ..., node_sig: _Optional[bytes] = ..., certificate: _Optional[bytes] = ..., previous_idk_sig: _Optional[bytes] = ..., authority_sig: _Optional[bytes] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("cell_id", "node_ids")
    CELL_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_IDS_FIELD_NUMBER: _ClassVar[int]
    cell_id: str
    node_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cell_id: _Optional[str] = ..., node_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class Partition(_message.Message):
    __slots__ = ("partition_id", "cells")
    PARTITION_ID_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    partition_id: str
    cells: _containers.RepeatedCompositeFieldContainer[Group]
    def __init__(self, partition_id: _Optional[str] = ..., cells: _Optional[_Iterable[_Union[Group, _Mapping]]] = ...) -> None: ...

class Epoch(_message.Message):
    __slots__ = ("epoch_no", "prev_epoch_hash", "records", "committee", "t", "coordinator_pub", "partition_table")
    EPOCH_NO_FIELD_NUMBER: _ClassVar[int]
    PREV_EPOCH_HASH_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    COMMITTEE_FIELD_NUMBER: _ClassVar[int]
    T_FIELD_NUMBER: _ClassVar[int]
    COORDINATOR_PUB_FIELD_NUMBER: _ClassVar[int]
    PARTITION_TABLE_FIELD_NUMBER: _ClassVar[int]
    epoch_no: int
    prev_epoch_hash: bytes
    records: _containers.RepeatedCompositeFieldContainer[SignedRecord]
    committee: _containers.RepeatedScalarFieldContainer[str]
    t: int
    coordinator_pub: bytes
    partition_table: _containers.RepeatedCompositeFieldContainer[Partition]
    def __init__(self, epoch_no: _Optional[int] = ..., prev_epoch_hash: _Optional[bytes] = ..., records: _Optional[_Iterable[_Union[SignedRecord, _Mapping]]] = ..., committee: _Optional[_Iterable[str]] = ..., t: _Optional[int] = ..., coordinator_pub: _Optional[bytes] = ..., partition_table: _Optional[_Iterable[_Union[Partition, _Mapping]]] = ...) -> None: ...

class RoundAnnounce(_message.Message):
    __slots__ = ("round_id", "epoch_hash", "collection_id", "query_hash", "d", "w", "abs_bound", "partition_id", "min_cell", "min_pct", "max_dropped", "max_colluding", "suite", "dp_spec_hash", "announced_at", "not_before", "t_join", "t_report", "t_commit", "t_reveal")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_HASH_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_ID_FIELD_NUMBER: _ClassVar[int]
    QUERY_HASH_FIELD_NUMBER: _ClassVar[int]
    D_FIELD_NUMBER: _ClassVar[int]
    W_FIELD_NUMBER: _ClassVar[int]
    ABS_BOUND_FIELD_NUMBER: _ClassVar[int]
    PARTITION_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_CELL_FIELD_NUMBER: _ClassVar[int]
    MIN_PCT_FIELD_NUMBER: _ClassVar[int]
    MAX_DROPPED_FIELD_NUMBER: _ClassVar[int]
    MAX_COLLUDING_FIELD_NUMBER: _ClassVar[int]
    SUITE_FIELD_NUMBER: _ClassVar[int]
    DP_SPEC_HASH_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCED_AT_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    T_JOIN_FIELD_NUMBER: _ClassVar[int]
    T_REPORT_FIELD_NUMBER: _ClassVar[int]
    T_COMMIT_FIELD_NUMBER: _ClassVar[int]
    T_REVEAL_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    epoch_hash: bytes
    collection_id: str
    query_hash: bytes
    d: int
    w: int
    abs_bound: int
    partition_id: str
    min_cell: int
    min_pct: int
    max_dropped: int
    max_colluding: int
    suite: int
    dp_spec_hash: bytes
    announced_at: int
    not_before: int
    t_join: int
    t_report: int
    t_commit: int
    t_reveal: int
    def __init__(self, round_id: _Optional[bytes] = ..., epoch_hash: _Optional[bytes] = ..., collection_id: _Optional[str] = ..., query_hash: _Optional[bytes] = ..., d: _Optional[int] = ..., w: _Optional[int] = ..., abs_bound: _Optional[int] = ..., partition_id: _Optional[str] = ..., min_cell: _Optional[int] = ..., min_pct: _Optional[int] = ..., max_dropped: _Optional[int] = ..., max_colluding: _Optional[int] = ..., suite: _Optional[int] = ..., dp_spec_hash: _Optional[bytes] = ..., announced_at: _Optional[int] = ..., not_before: _Optional[int] = ..., t_join: _Optional[int] = ..., t_report: _Optional[int] = ..., t_commit: _Optional[int] = ..., t_reveal: _Optional[int] = ...) -> None: ...

class Join(_message.Message):
    __slots__ = ("round_id", "announce_hash", "node_id", "mask_pk", "a_shares_digest")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCE_HASH_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    MASK_PK_FIELD_NUMBER: _ClassVar[int]
    A_SHARES_DIGEST_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    announce_hash: bytes
    node_id: str
    mask_pk: bytes
    a_shares_digest: bytes
    def __init__(self, round_id: _Optional[bytes] = ..., announce_hash: _Optional[bytes] = ..., node_id: _Optional[str] = ..., mask_pk: _Optional[bytes] = ..., a_shares_digest: _Optional[bytes] = ...) -> None: ...

class JoinSubmission(_message.Message):
    __slots__ = ("join", "a_share_ct")
    JOIN_FIELD_NUMBER: _ClassVar[int]
    A_SHARE_CT_FIELD_NUMBER: _ClassVar[int]
    join: Signed
    a_share_ct: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, join: _Optional[_Union[Signed, _Mapping]] = ..., a_share_ct: _Optional[_Iterable[bytes]] = ...) -> None: ...

class RoundManifest(_message.Message):
    __slots__ = ("round_id", "announce_hash", "roster")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCE_HASH_FIELD_NUMBER: _ClassVar[int]
    ROSTER_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    announce_hash: bytes
    roster: _containers.RepeatedCompositeFieldContainer[Signed]
    def __init__(self, round_id: _Optional[bytes] = ..., announce_hash: _Optional[bytes] = ..., roster: _Optional[_Iterable[_Union[Signed, _Mapping]]] = ...) -> None: ...

class ReportHeader(_message.Message):
    __slots__ = ("round_id", "manifest_hash", "node_id", "nonce", "vector_digest", "b_commit", "b_shares_digest")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_HASH_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_DIGEST_FIELD_NUMBER: _ClassVar[int]
    B_COMMIT_FIELD_NUMBER: _ClassVar[int]
    B_SHARES_DIGEST_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    manifest_hash: bytes
    node_id: str
    nonce: bytes
    vector_digest: bytes
    b_commit: bytes
    b_shares_digest: bytes
    def __init__(self, round_id: _Optional[bytes] = ..., manifest_hash: _Optional[bytes] = ..., node_id: _Optional[str] = ..., nonce: _Optional[bytes] = ..., vector_digest: _Optional[bytes] = ..., b_commit: _Optional[bytes] = ..., b_shares_digest: _Optional[bytes] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("seq", "data")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    seq: int
    data: bytes
    def __init__(self, seq: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class ShareCiphertexts(_message.Message):
    __slots__ = ("b_share_ct",)
    B_SHARE_CT_FIELD_NUMBER: _ClassVar[int]
    b_share_ct: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, b_share_ct: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ReportPart(_message.Message):
    __slots__ = ("header", "chunk", "shares")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SHARES_FIELD_NUMBER: _ClassVar[int]
    header: Signed
    chunk: Chunk
    shares: ShareCiphertexts
    def __init__(self, header: _Optional[_Union[Signed, _Mapping]] = ..., chunk: _Optional[_Union[Chunk, _Mapping]] = ..., shares: _Optional[_Union[ShareCiphertexts, _Mapping]] = ...) -> None: ...

class ReceiptBody(_message.Message):
    __slots__ = ("round_id", "node_id", "kind", "payload_sha256", "time")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_SHA256_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    node_id: str
    kind: MessageKind
    payload_sha256: bytes
    time: int
    def __init__(self, round_id: _Optional[bytes] = ..., node_id: _Optional[str] = ..., kind: _Optional[_Union[MessageKind, str]] = ..., payload_sha256: _Optional[bytes] = ..., time: _Optional[int] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("body",)
    BODY_FIELD_NUMBER: _ClassVar[int]
    body: Signed
    def __init__(self, body: _Optional[_Union[Signed, _Mapping]] = ...) -> None: ...

class RecordReceipt(_message.Message):
    __slots__ = ("payload_sha256",)
    PAYLOAD_SHA256_FIELD_NUMBER: _ClassVar[int]
    payload_sha256: bytes
    def __init__(self, payload_sha256: _Optional[bytes] = ...) -> None: ...

class StatementCell(_message.Message):
    __slots__ = ("cell_id", "outcome", "header_hash")
    CELL_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    HEADER_HASH_FIELD_NUMBER: _ClassVar[int]
    cell_id: str
    outcome: CellOutcome
    header_hash: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, cell_id: _Optional[str] = ..., outcome: _Optional[_Union[CellOutcome, str]] = ..., header_hash: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Statement(_message.Message):
    __slots__ = ("round_id", "announce_hash", "manifest_hash", "cells")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCE_HASH_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_HASH_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    announce_hash: bytes
    manifest_hash: bytes
    cells: _containers.RepeatedCompositeFieldContainer[StatementCell]
    def __init__(self, round_id: _Optional[bytes] = ..., announce_hash: _Optional[bytes] = ..., manifest_hash: _Optional[bytes] = ..., cells: _Optional[_Iterable[_Union[StatementCell, _Mapping]]] = ...) -> None: ...

class AbortRequest(_message.Message):
    __slots__ = ("round_id", "announce_hash")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCE_HASH_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    announce_hash: bytes
    def __init__(self, round_id: _Optional[bytes] = ..., announce_hash: _Optional[bytes] = ...) -> None: ...

class Commit(_message.Message):
    __slots__ = ("manifest_hash", "stmt_hash")
    MANIFEST_HASH_FIELD_NUMBER: _ClassVar[int]
    STMT_HASH_FIELD_NUMBER: _ClassVar[int]
    manifest_hash: bytes
    stmt_hash: bytes
    def __init__(self, manifest_hash: _Optional[bytes] = ..., stmt_hash: _Optional[bytes] = ...) -> None: ...

class Abort(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("round_id", "announce_hash", "node_id", "commit", "abort")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCE_HASH_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    ABORT_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    announce_hash: bytes
    node_id: str
    commit: Commit
    abort: Abort
    def __init__(self, round_id: _Optional[bytes] = ..., announce_hash: _Optional[bytes] = ..., node_id: _Optional[str] = ..., commit: _Optional[_Union[Commit, _Mapping]] = ..., abort: _Optional[_Union[Abort, _Mapping]] = ...) -> None: ...

class Certificate(_message.Message):
    __slots__ = ("verdicts",)
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    verdicts: _containers.RepeatedCompositeFieldContainer[Signed]
    def __init__(self, verdicts: _Optional[_Iterable[_Union[Signed, _Mapping]]] = ...) -> None: ...

class RevealEntry(_message.Message):
    __slots__ = ("roster_index", "kind", "share")
    ROSTER_INDEX_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    roster_index: int
    kind: ShareKind
    share: bytes
    def __init__(self, roster_index: _Optional[int] = ..., kind: _Optional[_Union[ShareKind, str]] = ..., share: _Optional[bytes] = ...) -> None: ...

class Reveal(_message.Message):
    __slots__ = ("round_id", "node_id", "stmt_hash", "entries")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    STMT_HASH_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    node_id: str
    stmt_hash: bytes
    entries: _containers.RepeatedCompositeFieldContainer[RevealEntry]
    def __init__(self, round_id: _Optional[bytes] = ..., node_id: _Optional[str] = ..., stmt_hash: _Optional[bytes] = ..., entries: _Optional[_Iterable[_Union[RevealEntry, _Mapping]]] = ...) -> None: ...

class CellResult(_message.Message):
    __slots__ = ("cell_id", "outcome", "sum_digest", "survivors", "dropped")
    CELL_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    SUM_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SURVIVORS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    cell_id: str
    outcome: CellOutcome
    sum_digest: bytes
    survivors: _containers.RepeatedScalarFieldContainer[str]
    dropped: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cell_id: _Optional[str] = ..., outcome: _Optional[_Union[CellOutcome, str]] = ..., sum_digest: _Optional[bytes] = ..., survivors: _Optional[_Iterable[str]] = ..., dropped: _Optional[_Iterable[str]] = ...) -> None: ...

class RoundResult(_message.Message):
    __slots__ = ("round_id", "stmt_hash", "certificate", "cells")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    STMT_HASH_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    stmt_hash: bytes
    certificate: Certificate
    cells: _containers.RepeatedCompositeFieldContainer[CellResult]
    def __init__(self, round_id: _Optional[bytes] = ..., stmt_hash: _Optional[bytes] = ..., certificate: _Optional[_Union[Certificate, _Mapping]] = ..., cells: _Optional[_Iterable[_Union[CellResult, _Mapping]]] = ...) -> None: ...

class OpenRound(_message.Message):
    __slots__ = ("round_id", "progress")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    progress: RoundProgress
    def __init__(self, round_id: _Optional[bytes] = ..., progress: _Optional[_Union[RoundProgress, str]] = ...) -> None: ...

class InstanceStart(_message.Message):
    __slots__ = ("instance_generation", "start_id")
    INSTANCE_GENERATION_FIELD_NUMBER: _ClassVar[int]
    START_ID_FIELD_NUMBER: _ClassVar[int]
    instance_generation: int
    start_id: bytes
    def __init__(self, instance_generation: _Optional[int] = ..., start_id: _Optional[bytes] = ...) -> None: ...

class PollRequest(_message.Message):
    __slots__ = ("node_id", "start", "open_rounds", "epoch_no")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    OPEN_ROUNDS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_NO_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    start: InstanceStart
    open_rounds: _containers.RepeatedCompositeFieldContainer[OpenRound]
    epoch_no: int
    def __init__(self, node_id: _Optional[str] = ..., start: _Optional[_Union[InstanceStart, _Mapping]] = ..., open_rounds: _Optional[_Iterable[_Union[OpenRound, _Mapping]]] = ..., epoch_no: _Optional[int] = ...) -> None: ...

class StatementWork(_message.Message):
    __slots__ = ("statement", "headers", "a_share_ct", "b_share_ct")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    A_SHARE_CT_FIELD_NUMBER: _ClassVar[int]
    B_SHARE_CT_FIELD_NUMBER: _ClassVar[int]
    statement: Signed
    headers: _containers.RepeatedCompositeFieldContainer[Signed]
    a_share_ct: _containers.RepeatedScalarFieldContainer[bytes]
    b_share_ct: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, statement: _Optional[_Union[Signed, _Mapping]] = ..., headers: _Optional[_Iterable[_Union[Signed, _Mapping]]] = ..., a_share_ct: _Optional[_Iterable[bytes]] = ..., b_share_ct: _Optional[_Iterable[bytes]] = ...) -> None: ...

class CertificateWork(_message.Message):
    __slots__ = ("round_id", "certificate")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    certificate: Certificate
    def __init__(self, round_id: _Optional[bytes] = ..., certificate: _Optional[_Union[Certificate, _Mapping]] = ...) -> None: ...

class Work(_message.Message):
    __slots__ = ("epoch", "announce", "manifest", "statement", "abort_request", "certificate", "result")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCE_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    ABORT_REQUEST_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    epoch: Signed
    announce: Signed
    manifest: Signed
    statement: StatementWork
    abort_request: Signed
    certificate: CertificateWork
    result: Signed
    def __init__(self, epoch: _Optional[_Union[Signed, _Mapping]] = ..., announce: _Optional[_Union[Signed, _Mapping]] = ..., manifest: _Optional[_Union[Signed, _Mapping]] = ..., statement: _Optional[_Union[StatementWork, _Mapping]] = ..., abort_request: _Optional[_Union[Signed, _Mapping]] = ..., certificate: _Optional[_Union[CertificateWork, _Mapping]] = ..., result: _Optional[_Union[Signed, _Mapping]] = ...) -> None: ...

class UploadBegun(_message.Message):
    __slots__ = ("round_id", "header_sha256", "chunks")
    ROUND_ID_FIELD_NUMBER: _ClassVar[int]
    HEADER_SHA256_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    round_id: bytes
    header_sha256: bytes
    chunks: int
    def __init__(self, round_id: _Optional[bytes] = ..., header_sha256: _Optional[bytes] = ..., chunks: _Optional[int] = ...) -> None: ...

class PollResponse(_message.Message):
    __slots__ = ("previous_start", "work", "uploads_begun")
    PREVIOUS_START_FIELD_NUMBER: _ClassVar[int]
    WORK_FIELD_NUMBER: _ClassVar[int]
    UPLOADS_BEGUN_FIELD_NUMBER: _ClassVar[int]
    previous_start: InstanceStart
    work: _containers.RepeatedCompositeFieldContainer[Work]
    uploads_begun: _containers.RepeatedCompositeFieldContainer[UploadBegun]
    def __init__(self, previous_start: _Optional[_Union[InstanceStart, _Mapping]] = ..., work: _Optional[_Iterable[_Union[Work, _Mapping]]] = ..., uploads_begun: _Optional[_Iterable[_Union[UploadBegun, _Mapping]]] = ...) -> None: ...
