from protos.collection.v1 import collection_pb2 as _collection_pb2
from protos.envelope.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubmitSummaryRequest(_message.Message):
    __slots__ = ("summary",)
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    summary: _envelope_pb2.SignedEnvelope
    def __init__(self, summary: _Optional[_Union[_envelope_pb2.SignedEnvelope, _Mapping]] = ...) -> None: ...

class SubmitSummaryResponse(_message.Message):
    __slots__ = ("payload_digest",)
    PAYLOAD_DIGEST_FIELD_NUMBER: _ClassVar[int]
    payload_digest: bytes
    def __init__(self, payload_digest: _Optional[bytes] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("council_code", "collection_id", "release_id", "plan_hash", "framework_digest", "ledger_head", "declared_files", "values")
    COUNCIL_CODE_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_ID_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_HASH_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_DIGEST_FIELD_NUMBER: _ClassVar[int]
    LEDGER_HEAD_FIELD_NUMBER: _ClassVar[int]
    DECLARED_FILES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    council_code: str
    collection_id: str
    release_id: str
    plan_hash: bytes
    framework_digest: bytes
    ledger_head: _collection_pb2.LedgerHead
    declared_files: _containers.RepeatedScalarFieldContainer[str]
    values: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, council_code: _Optional[str] = ..., collection_id: _Optional[str] = ..., release_id: _Optional[str] = ..., plan_hash: _Optional[bytes] = ..., framework_digest: _Optional[bytes] = ..., ledger_head: _Optional[_Union[_collection_pb2.LedgerHead, _Mapping]] = ..., declared_files: _Optional[_Iterable[str]] = ..., values: _Optional[_Iterable[int]] = ...) -> None: ...
