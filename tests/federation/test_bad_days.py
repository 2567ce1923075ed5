"""What goes wrong in a council: each with its clear text and exit code, and nothing lost or spent.

Real processes over mutual TLS. If these failed, a broken file, a full disk or a lost answer would spend a council's
budget twice, leave it guessing, or end in a traceback.
"""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from node import cli
from node.identity import IdentityFiles
from node.ledger import Ledger
from tests.federation.canary_returns import write_canary_returns
from tests.federation.house import COLLECTION, Council, House, Ran, house, program
from tests.federation.recording_proxy import ClientFiles, recording_proxy
from tests.node.small_release import OWNER
from tests.pki import TestAuthority

INDICATORS = ("cla_31_march", "placements_3plus", "cin_open_31_march", "rereferral_12m_children")
BOMB = b"""<?xml version="1.0"?><!DOCTYPE Message [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><Message><Children><Child>&c;</Child></Children></Message>"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("bad-days")) as made:
        made.open(INDICATORS)
        yield made


_CODES = iter(["301", "302", "303", "304", "305", "306", "307", "308", "309", "310", "311", "312", "313", "314"])


@pytest.fixture
def council(world: House, tmp_path: Path) -> Council:
    """A council that has been offered the collection and has approved it."""
    enrolled = world.enrol(next(_CODES), write_canary_returns(tmp_path / "returns"))
    enrolled.edit("[agent]", "[agent]\nledger_wait_seconds = 0")
    assert enrolled.node("run", "--once").exit_code == 61
    assert enrolled.node("approve", COLLECTION, "--by", "A. Guardian").exit_code == 0
    return enrolled


def spent(council: Council) -> float:
    return float(council.node("status", "--format", "json").json()["budget"]["spent_for_life"])


def charges(council: Council) -> list[str]:
    entries = council.node("ledger", "show", "--format", "json").json()["entries"]
    return [entry["kind"] for entry in entries if entry["kind"] != "decision"]


def assert_clear(ran: Ran, exit_code: int, *words: str) -> None:
    text = ran.stdout + ran.stderr
    assert ran.exit_code == exit_code, text
    assert "Traceback" not in text
    for word in words:
        assert word in text


def assert_answers_once_mended(council: Council) -> None:
    """Nothing was lost: the same release goes out, and is charged once."""
    assert_clear(council.node("run", "--once"), 0, "sent")
    assert charges(council) == ["limit", "reserved", "stored", "acknowledged"]
    assert council.node("ledger", "verify").exit_code == 0


BROKEN_FILES: dict[str, tuple[str, bytes]] = {
    "a truncated census": ("2025/census.xml", b"<Message><Children><Child><LAchildID>1"),
    "an XML bomb": ("2025/census.xml", BOMB),
    "the census of another year": (
        "2025/census.xml",
        b"<Message><Header><CollectionDetails><Year>2019</Year>"
        b"<ReferenceDate>2019-03-31</ReferenceDate></CollectionDetails></Header><Children/></Message>",
    ),
    "another kind of XML": ("2025/census.xml", b"<Workforce><Children/></Workforce>"),
    "episodes without their columns": ("2025/episodes.csv", b"CHILD,SOMETHING\n1,2\n"),
    "an empty file": ("2025/episodes.csv", b""),
    "binary junk": ("2025/header.csv", bytes(range(256)) * 20),
}


def test_files_that_are_broken_as_a_whole_stop_a_release_and_cost_nothing(council: Council) -> None:
    returns = council.folder.parents[1]
    folder = Path(council.node("config", "show").json()["returns"]["folder"])
    assert returns.exists()
    for name, (file, content) in BROKEN_FILES.items():
        whole = (folder / file).read_bytes()
        (folder / file).write_bytes(content)
        ran = council.node("run", "--once")
        assert_clear(ran, 61, "not there or cannot be read", "check")
        assert spent(council) == 0, name
        (folder / file).write_bytes(whole)
    assert_answers_once_mended(council)


def test_rows_that_cannot_be_used_do_not_stop_a_release(council: Council) -> None:
    """A record that stopped a release would speak through its absence."""
    folder = Path(council.node("config", "show").json()["returns"]["folder"])
    with (folder / "2025" / "episodes.csv").open("a", encoding="utf-8") as file:
        file.write("9,99/99/9999,S,C2,N1,U4,PR1,,,,ZZ1 1AA,ZZ1 1AA,\n9,01/01/2025,S\n")
        file.writelines(f"{child},01/06/2030,S,C2,N1,U4,PR1,,,,ZZ1 1AA,ZZ1 1AA,\n" for child in range(1_000, 2_000))
    census = folder / "2025" / "census.xml"
    census.write_bytes(census.read_bytes().replace(b"</Children>", b"<Child>\x01 & nothing else</Children>"))
    assert_answers_once_mended(council)


def test_a_release_over_the_policys_limit_is_refused_and_the_person_sees_why(world: House, council: Council) -> None:
    council.edit('approval = "named"', 'approval = "named"\nrho_per_release = 0.0001')
    assert_clear(council.node("run", "--once"), 61, "allows 0.000100 a release")
    shown = council.node("preview", "--format", "json").json()["collections"][0]["releases"][0]
    assert "allows 0.000100" in shown["refusal"]
    assert spent(council) == 0


def test_a_release_over_what_is_left_for_life_is_refused(council: Council) -> None:
    council.edit('approval = "named"', 'approval = "named"\nrho_for_life = 0.0001')
    assert_clear(council.node("run", "--once"), 61, "is left for life")
    assert spent(council) == 0


def test_a_second_process_on_the_same_ledger(council: Council) -> None:
    with Ledger.open(council.state / "ledger.db", lambda: datetime.now(UTC), owner=OWNER):
        assert_clear(council.node("run", "--once"), 40, "Another process", "two nodes")
    assert_answers_once_mended(council)


def test_a_full_disk(council: Council) -> None:
    """Every file is limited to a few kilobytes, so that the ledger's log cannot grow."""
    result = subprocess.run(
        [*program("newlyn-node"), "run", "--once", "--config", str(council.config)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert_clear(Ran(result.returncode, result.stdout, result.stderr), 43, "ledger", "space")
    assert charges(council) == []
    assert_answers_once_mended(council)


def test_an_expired_certificate(world: House, council: Council) -> None:
    expired = TestAuthority().issue(uris=["newlyn://council/301"], client=True, ends=timedelta(hours=-1))
    files = IdentityFiles(council.state)
    good = files.certificate.read_bytes()
    files.certificate.write_bytes(expired.certificate)
    assert_clear(council.node("run", "--once"), 13, "expired", "clock")
    files.certificate.write_bytes(good)
    assert_answers_once_mended(council)


def test_a_certificate_of_another_authority(council: Council) -> None:
    foreign = TestAuthority("Somebody else").issue(uris=["newlyn://council/301"], client=True, ends=timedelta(days=99))
    files = IdentityFiles(council.state)
    good = files.certificate.read_bytes(), files.transport_key.read_bytes()
    files.certificate.write_bytes(foreign.certificate)
    files.transport_key.write_bytes(foreign.key)
    assert_clear(council.node("run", "--once"), 20, "did not answer", "doctor")
    assert_clear(council.node("doctor"), 60, "does not take")
    files.certificate.write_bytes(good[0])
    files.transport_key.write_bytes(good[1])
    assert_answers_once_mended(council)


def test_a_revoked_council(world: House, council: Council) -> None:
    world.command("revoke", "--council", council.config.parent.name)
    assert_clear(council.node("run", "--once"), 13, "does not accept")
    assert spent(council) == 0


def test_a_coordinator_that_is_down(world: House, council: Council) -> None:
    world.stop()
    try:
        assert_clear(council.node("run", "--once"), 20, "did not answer", "Nothing is lost")
    finally:
        world.start()
    assert_answers_once_mended(council)


def test_an_answer_lost_in_mid_send_is_mended_by_the_same_bytes(world: House, council: Council) -> None:
    files = IdentityFiles(council.state)
    with recording_proxy(
        certificate=world.coordinator / "server.pem",
        key=world.coordinator / "server.key",
        root=world.coordinator / "authority.pem",
        upstream_port=world.port,
        client=lambda: ClientFiles(files.certificate, files.transport_key),
    ) as proxy:
        proxy.loses_answer_of = frozenset({2})
        council.edit(f"localhost:{world.port}", f"localhost:{proxy.port}")
        assert_clear(council.node("run", "--once"), 20, "did not answer")
        assert charges(council) == ["limit", "reserved", "stored"]
        assert_answers_once_mended(council)
        with sqlite3.connect(council.state / "ledger.db") as database:
            ((envelope,),) = database.execute("SELECT envelope FROM entry WHERE envelope IS NOT NULL").fetchall()
        sent = [stream for stream in proxy.recording.outward if envelope in bytes(stream)]
        assert len(sent) == 2


def test_a_ledger_restored_from_a_backup_is_caught(world: House, council: Council, tmp_path: Path) -> None:
    shutil.copytree(council.state, tmp_path / "backup")
    assert_answers_once_mended(council)
    shutil.rmtree(council.state)
    shutil.copytree(tmp_path / "backup", council.state)
    assert_clear(council.node("run", "--once"), 61, "older copy")
    assert charges(council) == []


def test_a_fault_of_our_own_is_named_without_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception's text may quote a record."""

    def fails(*_: object, **__: object) -> None:
        raise ValueError("CANARYFAULT4")

    monkeypatch.setattr(cli, "measure_returns", fails)
    result = CliRunner().invoke(cli.main, ["measure", "--returns", str(tmp_path), "--year", "2025"])
    assert result.exit_code == 1
    assert "ValueError at test_bad_days.py" in result.output
    assert "CANARYFAULT4" not in result.output
