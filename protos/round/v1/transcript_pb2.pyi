from protos.round.v1 import round_pb2 as _round_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Words(_message.Message):
    __slots__ = ("of", "words")
    OF_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    of: str
    words: bytes
    def __init__(self, of: _Optional[str] = ..., words: _Optional[bytes] = ...) -> None: ...

class Transcript(_message.Message):
    __slots__ = ("authority_key", "epoch", "announce", "manifest", "headers", "statement", "abort_request", "verdicts", "reveals", "certificate", "result", "sums", "vectors")
    AUTHORITY_KEY_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCE_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    ABORT_REQUEST_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    REVEALS_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    SUMS_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    authority_key: bytes
    epoch: _round_pb2.Signed
    announce: _round_pb2.Signed
    manifest: _round_pb2.Signed
    headers: _containers.RepeatedCompositeFieldContainer[_round_pb2.Signed]
    statement: _round_pb2.Signed
    abort_request: _round_pb2.Signed
    verdicts: _containers.RepeatedCompositeFieldContainer[_round_pb2.Signed]
    reveals: _containers.RepeatedCompositeFieldContainer[_round_pb2.Signed]
    certificate: _round_pb2.Certificate
    result: _round_pb2.Signed
    sums: _containers.RepeatedCompositeFieldContainer[Words]
    vectors: _containers.RepeatedCompositeFieldContainer[Words]
    def __init__(self, authority_key: _Optional[bytes] = ..., epoch: _Optional[_Union[_round_pb2.Signed, _Mapping]] = ..., announce: _Optional[_Union[_round_pb2.Signed, _Mapping]] = ..., manifest: _Optional[_Union[_round_pb2.Signed, _Mapping]] = ..., headers: _Optional[_Iterable[_Union[_round_pb2.Signed, _Mapping]]] = ..., statement: _Optional[_Union[_round_pb2.Signed, _Mapping]] = ..., abort_request: _Optional[_Union[_round_pb2.Signed, _Mapping]] = ..., verdicts: _Optional[_Iterable[_Union[_round_pb2.Signed, _Mapping]]] = ..., reveals: _Optional[_Iterable[_Union[_round_pb2.Signed, _Mapping]]] = ..., certificate: _Optional[_Union[_round_pb2.Certificate, _Mapping]] = ..., result: _Optional[_Union[_round_pb2.Signed, _Mapping]] = ..., sums: _Optional[_Iterable[_Union[Words, _Mapping]]] = ..., vectors: _Optional[_Iterable[_Union[Words, _Mapping]]] = ...) -> None: ...
