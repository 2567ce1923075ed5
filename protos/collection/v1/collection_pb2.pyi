from protos.envelope.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReleaseMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELEASE_MODE_UNSPECIFIED: _ClassVar[ReleaseMode]
    RELEASE_MODE_COUNCIL: _ClassVar[ReleaseMode]
    RELEASE_MODE_SECURE: _ClassVar[ReleaseMode]

class ReleaseGroups(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELEASE_GROUPS_UNSPECIFIED: _ClassVar[ReleaseGroups]
    RELEASE_GROUPS_ENGLAND: _ClassVar[ReleaseGroups]
    RELEASE_GROUPS_REGIONS: _ClassVar[ReleaseGroups]
RELEASE_MODE_UNSPECIFIED: ReleaseMode
RELEASE_MODE_COUNCIL: ReleaseMode
RELEASE_MODE_SECURE: ReleaseMode
RELEASE_GROUPS_UNSPECIFIED: ReleaseGroups
RELEASE_GROUPS_ENGLAND: ReleaseGroups
RELEASE_GROUPS_REGIONS: ReleaseGroups

class LedgerHead(_message.Message):
    __slots__ = ("sequence", "hash")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    hash: bytes
    def __init__(self, sequence: _Optional[int] = ..., hash: _Optional[bytes] = ...) -> None: ...

class HelloRequest(_message.Message):
    __slots__ = ("software_version",)
    SOFTWARE_VERSION_FIELD_NUMBER: _ClassVar[int]
    software_version: str
    def __init__(self, software_version: _Optional[str] = ...) -> None: ...

class HelloResponse(_message.Message):
    __slots__ = ("software_version", "remembered_head", "time")
    SOFTWARE_VERSION_FIELD_NUMBER: _ClassVar[int]
    REMEMBERED_HEAD_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    software_version: str
    remembered_head: LedgerHead
    time: int
    def __init__(self, software_version: _Optional[str] = ..., remembered_head: _Optional[_Union[LedgerHead, _Mapping]] = ..., time: _Optional[int] = ...) -> None: ...

class ListCollectionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCollectionsResponse(_message.Message):
    __slots__ = ("collections",)
    COLLECTIONS_FIELD_NUMBER: _ClassVar[int]
    collections: _containers.RepeatedCompositeFieldContainer[_envelope_pb2.SignedEnvelope]
    def __init__(self, collections: _Optional[_Iterable[_Union[_envelope_pb2.SignedEnvelope, _Mapping]]] = ...) -> None: ...

class SecureTerms(_message.Message):
    __slots__ = ("groups", "largest_group", "max_dropped", "max_colluding")
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    LARGEST_GROUP_FIELD_NUMBER: _ClassVar[int]
    MAX_DROPPED_FIELD_NUMBER: _ClassVar[int]
    MAX_COLLUDING_FIELD_NUMBER: _ClassVar[int]
    groups: ReleaseGroups
    largest_group: int
    max_dropped: int
    max_colluding: int
    def __init__(self, groups: _Optional[_Union[ReleaseGroups, str]] = ..., largest_group: _Optional[int] = ..., max_dropped: _Optional[int] = ..., max_colluding: _Optional[int] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("id", "mode", "indicators", "breakdowns", "rho_units", "plan_hash", "precisions", "secure")
    ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    INDICATORS_FIELD_NUMBER: _ClassVar[int]
    BREAKDOWNS_FIELD_NUMBER: _ClassVar[int]
    RHO_UNITS_FIELD_NUMBER: _ClassVar[int]
    PLAN_HASH_FIELD_NUMBER: _ClassVar[int]
    PRECISIONS_FIELD_NUMBER: _ClassVar[int]
    SECURE_FIELD_NUMBER: _ClassVar[int]
    id: str
    mode: ReleaseMode
    indicators: _containers.RepeatedScalarFieldContainer[str]
    breakdowns: _containers.RepeatedScalarFieldContainer[str]
    rho_units: int
    plan_hash: bytes
    precisions: _containers.RepeatedScalarFieldContainer[int]
    secure: SecureTerms
    def __init__(self, id: _Optional[str] = ..., mode: _Optional[_Union[ReleaseMode, str]] = ..., indicators: _Optional[_Iterable[str]] = ..., breakdowns: _Optional[_Iterable[str]] = ..., rho_units: _Optional[int] = ..., plan_hash: _Optional[bytes] = ..., precisions: _Optional[_Iterable[int]] = ..., secure: _Optional[_Union[SecureTerms, _Mapping]] = ...) -> None: ...

class Collection(_message.Message):
    __slots__ = ("id", "framework_id", "framework_version", "framework_digest", "reference_year", "opens_at", "closes_at", "releases")
    ID_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_ID_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_DIGEST_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_YEAR_FIELD_NUMBER: _ClassVar[int]
    OPENS_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSES_AT_FIELD_NUMBER: _ClassVar[int]
    RELEASES_FIELD_NUMBER: _ClassVar[int]
    id: str
    framework_id: str
    framework_version: str
    framework_digest: bytes
    reference_year: int
    opens_at: int
    closes_at: int
    releases: _containers.RepeatedCompositeFieldContainer[Release]
    def __init__(self, id: _Optional[str] = ..., framework_id: _Optional[str] = ..., framework_version: _Optional[str] = ..., framework_digest: _Optional[bytes] = ..., reference_year: _Optional[int] = ..., opens_at: _Optional[int] = ..., closes_at: _Optional[int] = ..., releases: _Optional[_Iterable[_Union[Release, _Mapping]]] = ...) -> None: ...
