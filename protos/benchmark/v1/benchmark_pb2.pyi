from protos.envelope.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetBenchmarkRequest(_message.Message):
    __slots__ = ("collection_id",)
    COLLECTION_ID_FIELD_NUMBER: _ClassVar[int]
    collection_id: str
    def __init__(self, collection_id: _Optional[str] = ...) -> None: ...

class GetBenchmarkResponse(_message.Message):
    __slots__ = ("benchmark",)
    BENCHMARK_FIELD_NUMBER: _ClassVar[int]
    benchmark: _envelope_pb2.SignedEnvelope
    def __init__(self, benchmark: _Optional[_Union[_envelope_pb2.SignedEnvelope, _Mapping]] = ...) -> None: ...

class Estimate(_message.Message):
    __slots__ = ("indicator_id", "area_code", "area_name", "breakdown", "level", "value", "lower", "upper", "symbol", "category", "shrunk", "shrunk_lower", "shrunk_upper")
    INDICATOR_ID_FIELD_NUMBER: _ClassVar[int]
    AREA_CODE_FIELD_NUMBER: _ClassVar[int]
    AREA_NAME_FIELD_NUMBER: _ClassVar[int]
    BREAKDOWN_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SHRUNK_FIELD_NUMBER: _ClassVar[int]
    SHRUNK_LOWER_FIELD_NUMBER: _ClassVar[int]
    SHRUNK_UPPER_FIELD_NUMBER: _ClassVar[int]
    indicator_id: str
    area_code: str
    area_name: str
    breakdown: str
    level: str
    value: float
    lower: float
    upper: float
    symbol: str
    category: str
    shrunk: float
    shrunk_lower: float
    shrunk_upper: float
    def __init__(self, indicator_id: _Optional[str] = ..., area_code: _Optional[str] = ..., area_name: _Optional[str] = ..., breakdown: _Optional[str] = ..., level: _Optional[str] = ..., value: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., symbol: _Optional[str] = ..., category: _Optional[str] = ..., shrunk: _Optional[float] = ..., shrunk_lower: _Optional[float] = ..., shrunk_upper: _Optional[float] = ...) -> None: ...

class Area(_message.Message):
    __slots__ = ("code", "population_0_17")
    CODE_FIELD_NUMBER: _ClassVar[int]
    POPULATION_0_17_FIELD_NUMBER: _ClassVar[int]
    code: str
    population_0_17: int
    def __init__(self, code: _Optional[str] = ..., population_0_17: _Optional[int] = ...) -> None: ...

class Benchmark(_message.Message):
    __slots__ = ("collection_id", "reference_year", "framework_id", "framework_digest", "published_at", "councils", "estimates", "areas")
    COLLECTION_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_YEAR_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_ID_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_AT_FIELD_NUMBER: _ClassVar[int]
    COUNCILS_FIELD_NUMBER: _ClassVar[int]
    ESTIMATES_FIELD_NUMBER: _ClassVar[int]
    AREAS_FIELD_NUMBER: _ClassVar[int]
    collection_id: str
    reference_year: int
    framework_id: str
    framework_digest: bytes
    published_at: int
    councils: _containers.RepeatedScalarFieldContainer[str]
    estimates: _containers.RepeatedCompositeFieldContainer[Estimate]
    areas: _containers.RepeatedCompositeFieldContainer[Area]
    def __init__(self, collection_id: _Optional[str] = ..., reference_year: _Optional[int] = ..., framework_id: _Optional[str] = ..., framework_digest: _Optional[bytes] = ..., published_at: _Optional[int] = ..., councils: _Optional[_Iterable[str]] = ..., estimates: _Optional[_Iterable[_Union[Estimate, _Mapping]]] = ..., areas: _Optional[_Iterable[_Union[Area, _Mapping]]] = ...) -> None: ...
