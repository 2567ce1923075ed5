from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EnrolmentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENROLMENT_STATE_UNSPECIFIED: _ClassVar[EnrolmentState]
    ENROLMENT_STATE_PENDING: _ClassVar[EnrolmentState]
    ENROLMENT_STATE_ISSUED: _ClassVar[EnrolmentState]
ENROLMENT_STATE_UNSPECIFIED: EnrolmentState
ENROLMENT_STATE_PENDING: EnrolmentState
ENROLMENT_STATE_ISSUED: EnrolmentState

class EnrolRequest(_message.Message):
    __slots__ = ("council_code", "invitation_token", "certificate_request", "signing_public_key", "signing_key_proof", "software_version")
    COUNCIL_CODE_FIELD_NUMBER: _ClassVar[int]
    INVITATION_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_REQUEST_FIELD_NUMBER: _ClassVar[int]
    SIGNING_PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_PROOF_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_VERSION_FIELD_NUMBER: _ClassVar[int]
    council_code: str
    invitation_token: bytes
    certificate_request: bytes
    signing_public_key: bytes
    signing_key_proof: bytes
    software_version: str
    def __init__(self, council_code: _Optional[str] = ..., invitation_token: _Optional[bytes] = ..., certificate_request: _Optional[bytes] = ..., signing_public_key: _Optional[bytes] = ..., signing_key_proof: _Optional[bytes] = ..., software_version: _Optional[str] = ...) -> None: ...

class EnrolResponse(_message.Message):
    __slots__ = ("state", "certificate_chain")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_CHAIN_FIELD_NUMBER: _ClassVar[int]
    state: EnrolmentState
    certificate_chain: bytes
    def __init__(self, state: _Optional[_Union[EnrolmentState, str]] = ..., certificate_chain: _Optional[bytes] = ...) -> None: ...
