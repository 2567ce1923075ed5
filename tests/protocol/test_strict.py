"""If these failed, two participants could read one signed message in two ways and not notice by its hash.

protobuf takes unknown fields, a field or choice given twice, longer forms of a number, fields in any order and defaults
that are written out; the reader takes none of them (secure aggregation reference B.2, row 37).
"""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import event, given, settings
from hypothesis import strategies as st

from protos.round.v1 import round_pb2 as pb
from protos.sa1.strict import Malformed, encode, need_length, need_sorted, parse
from tests.protocol.model.wire import fields, present, varint
from tests.protocol.scenes import TEN, Scene

SCENE = Scene(TEN)
PAYLOADS: list[tuple[type[Message], bytes]] = [
    (pb.Epoch, SCENE.epoch_message.payload),
    (pb.EnrolmentRecord, pb.Epoch.FromString(SCENE.epoch_message.payload).records[0].payload),
    (pb.RoundAnnounce, SCENE.announce_message.payload),
    (pb.Join, SCENE.it.joins["X00000001"].envelope.payload),
    (pb.RoundManifest, SCENE.manifest_message.payload),
    (pb.ReportHeader, SCENE.it.reports["X00000001"].envelope.payload),
    (pb.Statement, SCENE.statement_message.payload),
    (pb.Verdict, SCENE.it.verdicts[0].payload),
    (pb.Verdict, SCENE.it.aborts[0].payload),
    (pb.Certificate, SCENE.it.certificate),
    (pb.Reveal, SCENE.it.reveals[0].payload),
    (pb.RoundResult, SCENE.it.result.payload),
    (pb.AbortRequest, fields(bytes(16), bytes(32))),
    (pb.ReceiptBody, fields(bytes(16), "X00000001", 1, bytes(32), 5)),
]
payloads = pytest.mark.parametrize(("kind", "payload"), PAYLOADS, ids=[kind.DESCRIPTOR.name for kind, _ in PAYLOADS])
ENDLESS_FIVE = b"\x85\x80\x80\x80\x80\x00"


def longer(number: int) -> bytes:
    """A number of one byte in two."""
    return bytes([number | 128, 0])


def read_varint(content: bytes, at: int) -> tuple[int, int, bool]:
    """A number, where it ends, and whether it could not be shorter. Raises IndexError at the end."""
    start, value = at, 0
    while True:
        byte = content[at]
        value |= (byte & 127) << 7 * (at - start)
        at += 1
        if byte < 128:
            return value, at, varint(value) == content[start:at]


def is_written_in_the_one_way(descriptor: Any, content: bytes) -> bool:
    """A judge of its own: numbers minimal and in range, fields known, in order, once, not at their default, no choice
    made twice; inside messages too. Raises IndexError for what is cut off."""
    at, last = 0, 0
    chosen: set[str] = set()
    while at < len(content):
        tag, at, minimal = read_varint(content, at)
        number, wire = tag >> 3, tag & 7
        field = descriptor.fields_by_number.get(number)
        if field is None or not minimal or number < last or (number == last and not field.is_repeated):
            return False
        last = number
        if field.containing_oneof is not None:
            if field.containing_oneof.name in chosen:
                return False
            chosen.add(field.containing_oneof.name)
        if field.type in (FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_ENUM):
            value, at, minimal = read_varint(content, at)
            bits = 32 if field.type == FieldDescriptor.TYPE_UINT32 else 64
            if wire != 0 or not minimal or value == 0 or value >> bits:
                return False
            continue
        size, at, minimal = read_varint(content, at)
        inner, at = content[at : at + size], at + size
        if wire != 2 or not minimal or len(inner) < size:
            return False
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if not is_written_in_the_one_way(field.message_type, inner):
                return False
        elif not inner and not field.is_repeated:
            return False
    return True


@payloads
def test_what_honest_parties_send_is_read(kind: type[Message], payload: bytes) -> None:
    assert encode(parse(kind, payload)) == payload
    assert is_written_in_the_one_way(kind.DESCRIPTOR, payload)


@payloads
@pytest.mark.parametrize("number", [15, 100, 2**28])
def test_an_unknown_field_is_refused(kind: type[Message], payload: bytes, number: int) -> None:
    if number in kind.DESCRIPTOR.fields_by_number:
        number += 50
    for unknown in (present(number, 1), present(number, b"more"), varint(number * 8 + 5) + bytes(4)):
        for written in (payload + unknown, unknown + payload):
            assert kind.FromString(written)
            with pytest.raises(Malformed):
                parse(kind, written)


@payloads
def test_a_field_given_twice_is_refused(kind: type[Message], payload: bytes) -> None:
    for field in kind.DESCRIPTOR.fields:
        if not field.is_repeated and field.type == FieldDescriptor.TYPE_BYTES:
            for second in (b"another", getattr(kind.FromString(payload), field.name)):
                with pytest.raises(Malformed):
                    parse(kind, payload + present(field.number, second))


@payloads
def test_fields_in_another_order_are_refused(kind: type[Message], payload: bytes) -> None:
    _, start, _ = read_varint(payload, 0)
    size, start, _ = read_varint(payload, start)
    first = payload[: start + size] if payload[0] & 7 == 2 else payload[:start]
    rest = payload[len(first) :]
    if rest and kind is not pb.Certificate:
        assert kind.FromString(rest + first) == kind.FromString(payload)
        with pytest.raises(Malformed):
            parse(kind, rest + first)


@payloads
def test_a_length_that_is_written_longer_is_refused(kind: type[Message], payload: bytes) -> None:
    _, start, _ = read_varint(payload, 0)
    size, end, _ = read_varint(payload, start)
    if size < 128:
        written = payload[:start] + longer(size) + payload[end:]
        assert kind.FromString(written) == kind.FromString(payload)
        with pytest.raises(Malformed):
            parse(kind, written)


@payloads
def test_a_payload_that_is_cut_off_is_refused(kind: type[Message], payload: bytes) -> None:
    with pytest.raises(Malformed):
        parse(kind, payload[:-1])


VERDICT = fields(bytes(16), bytes(32), "X00000001")
COMMIT = present(4, fields(b"m" * 32, b"s" * 32))
ABORT = present(5, b"")


@pytest.mark.parametrize(
    "choice", [COMMIT + ABORT, ABORT + COMMIT, COMMIT + COMMIT, ABORT + ABORT, COMMIT + present(4, fields(b"x" * 32))]
)
def test_a_choice_made_twice_is_refused(choice: bytes) -> None:
    """protobuf takes the last one, or puts the two together."""
    assert parse(pb.Verdict, VERDICT + COMMIT).WhichOneof("choice") == "commit"
    assert parse(pb.Verdict, VERDICT + ABORT).WhichOneof("choice") == "abort"
    assert pb.Verdict.FromString(VERDICT + choice).WhichOneof("choice")
    with pytest.raises(Malformed):
        parse(pb.Verdict, VERDICT + choice)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (pb.Verdict, VERDICT + present(4, fields(b"m" * 32, b"s" * 32) + present(9, 1))),
        (pb.Verdict, VERDICT + present(5, present(1, 1))),
        (pb.RoundManifest, fields(bytes(16), bytes(32), [fields(b"p", b"s", "X00000001") + present(4, b"")])),
        (pb.Statement, fields(bytes(16), b"", b"", [fields("X12000001", 1) + present(2, 2)])),
        (pb.Reveal, fields(bytes(16), "X00000001", b"", [fields(1, 2, b"s") + present(1, 2)])),
        (pb.RoundAnnounce, present(5, 0)),
        (pb.RoundAnnounce, varint(5 * 8) + longer(5)),
        (pb.RoundAnnounce, varint(5 * 8) + ENDLESS_FIVE),
        (pb.RoundAnnounce, present(5, 2**32 + 5)),
        (pb.RoundAnnounce, varint(7 * 8) + b"\xff" * 9 + b"\x7f"),
        (pb.RoundAnnounce, longer(5 * 8) + varint(5)),
        (pb.Reveal, present(2, b"\xff\xfe")),
        (pb.Join, varint(1 * 8 + 3) + varint(1 * 8 + 4)),
        (pb.Join, b"\x00"),
    ],
    ids=[
        "unknown in the choice",
        "unknown in an empty choice",
        "unknown in a list's entry",
        "twice in a list's entry",
        "another twice in a list's entry",
        "default written out",
        "longer number",
        "much longer number",
        "number beyond 32 bits",
        "number beyond 64 bits",
        "longer tag",
        "text that is none",
        "group",
        "field 0",
    ],
)
def test_a_message_that_is_written_in_another_way_is_refused(kind: type[Message], payload: bytes) -> None:
    with pytest.raises(Malformed):
        parse(kind, payload)


def mutated(data: st.DataObject, payload: bytes) -> bytes:
    """A payload with a few bytes taken out, doubled, preceded by others or turned round."""
    content = payload
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        to = min(len(content), at + data.draw(st.integers(0, 40)))
        piece = content[at:to]
        instead = data.draw(st.sampled_from([b"", piece * 2, data.draw(st.binary(max_size=4)) + piece, piece[::-1]]))
        content = content[:at] + instead + content[to:]
    return content


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(PAYLOADS), st.data())
def test_what_is_accepted_is_written_in_the_one_way(original: tuple[type[Message], bytes], data: st.DataObject) -> None:
    kind, payload = original
    content = mutated(data, payload)
    try:
        message = parse(kind, content)
    except Malformed:
        event("refused")
        return
    event("accepted")
    assert is_written_in_the_one_way(kind.DESCRIPTOR, content)
    assert encode(message) == content


def field_bytes(number: int) -> st.SearchStrategy[bytes]:
    """A field of that number, right or wrong."""
    numbers = st.integers(0, 300).map(lambda value: present(number, value))
    texts = st.binary(max_size=6).map(lambda value: present(number, value))
    return st.one_of(numbers, texts, st.just(varint(number * 8) + longer(5)))


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from([kind for kind, _ in PAYLOADS]),
    st.lists(st.integers(1, 7).flatmap(field_bytes), max_size=6),
)
def test_two_payloads_that_read_alike_are_alike(kind: type[Message], parts: list[bytes]) -> None:
    """Small messages of any fields: whatever protobuf makes of one, at most one writing of it is accepted."""
    content = b"".join(parts)
    try:
        loose = kind.FromString(content)
    except DecodeError:
        event("no message at all")
        return
    loose.DiscardUnknownFields()
    one_way = encode(loose)
    assert parse(kind, one_way) == loose
    if content != one_way:
        with pytest.raises(Malformed):
            parse(kind, content)


@pytest.mark.parametrize("names", [["b", "a"], ["a", "a"], ["a", "b", "b"], [""], ["é"], ["a", ""], ["B", "a", "C"]])
def test_names_out_of_order_twice_empty_or_not_ascii_are_refused(names: list[str]) -> None:
    with pytest.raises(Malformed):
        need_sorted(names, "names")


@pytest.mark.parametrize("names", [[], ["a"], ["A", "a"], ["X1", "X10", "X2"]])
def test_names_in_the_order_of_their_bytes_are_taken(names: list[str]) -> None:
    need_sorted(names, "names")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_another_length_is_refused(length: int) -> None:
    need_length(bytes(32), 32, "hash")
    with pytest.raises(Malformed, match="hash is not 32"):
        need_length(bytes(length), 32, "hash")


def test_no_text_of_a_refusal_holds_content() -> None:
    with pytest.raises(Malformed) as raised:
        parse(pb.Join, present(3, "X99999999") + present(3, "X99999999"))
    assert "X99999999" not in str(raised.value)
