"""The headline test: children with unmistakable values go in, and nothing of them comes out.

Everything that leaves a node (every byte on the wire, read in the clear at a proxy whose keys the test holds), every
line it logs or prints, every error, its own state folder, and the coordinator's database, logs and publication are
searched for the children's values in every spelling, and for the exact vector. If this failed, the promise would be
broken.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from hpack import Encoder

from frameworks.catalogue import load_framework
from node.assembly import offer_book
from node.config import load_config
from node.identity import IdentityFiles, load_transport_credentials
from node.returns import release_vector
from protos.collection.v1.collection_pb2 import HelloRequest
from protos.collection.v1.collection_pb2_grpc import CollectionServiceStub
from protos.invitation import parse_invitation
from tests.federation.canaries import CHILDREN, VALUES, sightings, spellings, vector_spellings
from tests.federation.canary_returns import write_canary_returns
from tests.federation.house import COLLECTION, Council, House, Ran, house, run
from tests.federation.recording_proxy import ClientFiles, Recording, decoded_headers, recording_proxy

INDICATORS = tuple(
    indicator.id
    for indicator in load_framework("outcomes-2019").indicators
    if not indicator.id.startswith("assessment_factor_")
)
FORBIDDEN = frozenset().union(*(spellings(value) for value in VALUES))


@dataclass
class Day:
    """A council's whole day: what was said by each command, what went over the wire, what was written, by place."""

    council: Council
    port: int
    recording: Recording
    said: dict[str, list[bytes]] = field(default_factory=dict)
    written: dict[str, list[bytes]] = field(default_factory=dict)
    vector: list[int] = field(default_factory=list)

    def keep(self, name: str, ran: Ran) -> Ran:
        self.said[name] = [ran.stdout.encode(), ran.stderr.encode()]
        return ran

    @property
    def wire(self) -> dict[str, list[bytes]]:
        return {"the wire": self.recording.texts()}


def _files(folder: Path) -> dict[str, list[bytes]]:
    return {
        str(path.relative_to(folder.parent)): [str(path.relative_to(folder)).encode(), path.read_bytes()]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _spoilt(day: Day, returns: Path) -> None:
    """The same commands on files that are broken as a whole."""
    for name, content in {
        "2025/census.xml": b"<Message><Children><Child><LAchildID>CANARYKESTREL7",
        "2025/header.csv": b"CHILD,SEX,DOB\nCANARYKESTREL7,CANARYFAULT4",
        "2025/episodes.csv": b"CHILD,DECOM\xff\xfeCANARYFAULT4\x00\n" * 3,
    }.items():
        whole = (returns / name).read_bytes()
        (returns / name).write_bytes(content)
        day.keep(f"check, {name} broken", run("newlyn-node", "check", "--returns", returns))
        day.keep(f"measure, {name} broken", run("newlyn-node", "measure", "--returns", returns, "--year", "2025"))
        waiting = day.keep(f"run, {name} broken", day.council.node("run", "--once"))
        assert waiting.exit_code == 61, waiting.stderr
        day.keep(f"status, {name} broken", day.council.node("status"))
        (returns / name).write_bytes(whole)


def _first_day(world: House, day: Day, returns: Path) -> None:
    council = day.council
    rows, page = council.folder / "rows.csv", council.folder / "check.html"
    day.keep("check", run("newlyn-node", "check", "--returns", returns, "--rows", rows, "--html", page))
    day.keep("check as JSON", run("newlyn-node", "check", "--returns", returns, "--format", "json"))
    day.keep("measure", run("newlyn-node", "measure", "--returns", returns, "--year", "2025", "--format", "json"))
    day.keep("doctor", council.node("doctor"))
    world.open(INDICATORS)
    assert day.keep("first run", council.node("run", "--once")).exit_code == 61
    day.keep("preview", council.node("preview", "--format", "json"))
    assert day.keep("approve", council.node("approve", COLLECTION, "--by", "A. Guardian")).exit_code == 0


def _release_day(world: House, day: Day, site: Path) -> None:
    council = day.council
    sent = day.keep("run", council.node("run", "--once", "--format", "json"))
    assert sent.exit_code == 0, sent.stderr
    assert sent.json()["outcomes"][0]["state"] == "sent"
    world.command("collection", "close", COLLECTION)
    world.command("publish", COLLECTION, "--out", site)
    day.keep("run after publication", council.node("run", "--once"))
    day.keep("status", council.node("status"))
    day.keep("ledger", council.node("ledger", "show", "--format", "json"))
    assert day.keep("compare", council.node("compare")).exit_code == 0


def _exact_vector(council: Council) -> list[int]:
    config = load_config(council.config)
    offer = offer_book(config).find(COLLECTION)
    declared = frozenset(config.returns.declared)
    code = config.council.code
    return list(release_vector(config.returns.folder, offer.plans[0], offer.framework, declared, council_code=code))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """A council's way from returns to a published benchmark, through the proxy, with everything kept."""
    folder = tmp_path_factory.mktemp("canary")
    returns = write_canary_returns(folder / "returns")
    with house(folder) as world:
        state = folder / "nodes" / "301" / "state"
        files = IdentityFiles(state)

        def onward() -> ClientFiles:
            """The node's own certificate, or, until it is enrolled, its invitation's."""
            if files.certificate.exists():
                return ClientFiles(files.certificate, files.transport_key)
            return _invitees_files(folder, files)

        with recording_proxy(
            certificate=world.coordinator / "server.pem",
            key=world.coordinator / "server.key",
            root=world.coordinator / "authority.pem",
            upstream_port=world.port,
            client=onward,
        ) as proxy:
            council = world.enrol("301", returns, port=proxy.port)
            day = Day(council, proxy.port, proxy.recording)
            _first_day(world, day, returns)
            _spoilt(day, returns)
            _release_day(world, day, folder / "site")
            day.vector = _exact_vector(council)
            day.written |= _files(council.state) | _files(folder / "site")
            world.stop()
            day.written |= _files(world.coordinator) | {"check.html": [(council.folder / "check.html").read_bytes()]}
            world.start()
            yield day


def _invitees_files(folder: Path, files: IdentityFiles) -> ClientFiles:
    invitation = parse_invitation(files.invitation.read_text(encoding="utf-8"))
    certificate, key = folder / "invitee.pem", folder / "invitee.key"
    certificate.write_text(invitation.invitee_certificate, encoding="utf-8")
    key.write_text(invitation.invitee_key, encoding="utf-8")
    return ClientFiles(certificate, key)


def test_the_children_were_measured(day: Day) -> None:
    """Otherwise the search would find nothing because there was nothing."""
    figures: dict[str, Any] = json.loads(day.said["measure"][0])["indicators"]
    assert figures["cla_31_march"]["numerator"] == len(CHILDREN)
    assert figures["cin_open_31_march"]["numerator"] == len(CHILDREN)
    assert figures["absence_overall_cla12"]["denominator"] == 600
    assert figures["feedback_ylyc_1_11_18_response_rate"]["numerator"] == 1
    assert figures["feedback_ylyc_1_11_18_life_satisfaction"]["categories"]["9"] == 1
    assert figures["families_outcomes_sustained"]["numerator"] == 1
    assert any(day.vector)


def test_the_children_are_named_in_the_one_file_that_was_asked_for_and_only_its_owner_may_read(day: Day) -> None:
    rows = day.council.folder / "rows.csv"
    assert any(child in rows.read_text(encoding="utf-8") for child in CHILDREN)
    assert rows.stat().st_mode & 0o777 == 0o600


def test_nothing_on_the_wire(day: Day) -> None:
    assert sum(map(len, day.recording.texts())) > 5000
    assert sightings(day.wire, FORBIDDEN) == []


def test_nothing_in_what_any_command_printed_or_logged(day: Day) -> None:
    assert sightings(day.said, FORBIDDEN) == []


def test_nothing_in_the_nodes_state_the_coordinators_database_its_logs_or_the_publication(day: Day) -> None:
    names = " ".join(day.written)
    assert all(part in names for part in ("ledger.db", "coordinator.sqlite", "coordinator-0.log", "index.html"))
    assert sightings(day.written, FORBIDDEN) == []


def test_the_exact_vector_is_nowhere(day: Day) -> None:
    assert sightings(day.wire | day.said | day.written, vector_spellings(day.vector)) == []


def _smuggle(day: Day, metadata: tuple[tuple[str, str], ...], version: str) -> None:
    """What a node with a leak would do: a call through the same proxy with a child's value in it."""
    credentials = load_transport_credentials(IdentityFiles(day.council.state))
    channel_credentials = grpc.ssl_channel_credentials(
        credentials.root, credentials.private_key, credentials.certificate_chain
    )
    with grpc.secure_channel(f"localhost:{day.port}", channel_credentials) as channel:
        request = HelloRequest(software_version=version)
        CollectionServiceStub(channel).Hello(request, metadata=metadata, timeout=20)


@pytest.mark.parametrize("where", ["message", "header"])
def test_the_search_finds_a_leak(day: Day, where: str) -> None:
    """The positive control: a value in a message or in a header of a call is found."""
    before = len(day.recording.outward)
    value = CHILDREN[0]
    if where == "message":
        _smuggle(day, (), value)
    else:
        _smuggle(day, (("x-note", value.lower()),), "1")
    fresh = Recording(outward=day.recording.outward[before:])
    assert sightings({"the wire": fresh.texts()}, FORBIDDEN) == ["the wire"]


def test_the_search_finds_a_value_that_the_compression_of_headers_hides() -> None:
    block = Encoder().encode([("x-note", CHILDREN[0])], huffman=True)
    stream = len(block).to_bytes(3, "big") + bytes([1, 4]) + (1).to_bytes(4, "big") + block
    assert sightings({"raw": [stream]}, FORBIDDEN) == []
    assert sightings({"decoded": [decoded_headers(stream)]}, FORBIDDEN) == ["decoded"]


def test_the_search_finds_the_exact_vector(day: Day) -> None:
    leaked = b"prefix" + struct.pack(f"<{len(day.vector)}q", *day.vector)
    assert sightings({"a file": [leaked]}, vector_spellings(day.vector)) == ["a file"]
