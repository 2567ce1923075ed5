"""If these failed, what was approved, raised or repaired by command would not be what the real programs then do.

Real processes over mutual TLS: a node with a listed approver, and one whose ledger was restored from a backup.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.consent_commands import ENVIRONMENT_VARIABLE
from tests.federation.canary_returns import write_canary_returns
from tests.federation.house import COLLECTION, RELEASE, Council, House, house, run

INDICATORS = ("cla_31_march", "placements_3plus", "cin_open_31_march", "rereferral_12m_children")
NAME = "A. Caldicott (invented), guardian"
PASSPHRASE = {ENVIRONMENT_VARIABLE: "five invented words in a row"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("consent")) as made:
        made.open(INDICATORS)
        yield made


def joined(world: House, code: str, folder: Path) -> Council:
    council = world.enrol(code, write_canary_returns(folder / "returns"))
    assert council.node("run", "--once").exit_code == 61
    return council


def kinds(council: Council) -> list[str]:
    return [entry["kind"] for entry in council.node("ledger", "show", "--format", "json").json()["entries"]]


def test_a_listed_approver_approves_and_raises_with_their_own_key(world: House, tmp_path: Path) -> None:
    council = joined(world, "301", tmp_path)
    key = tmp_path / "caldicott.pem"
    made = without_a_node("approver", "new", "--name", NAME, "--out", key, "--format", "json")
    with council.config.open("a", encoding="utf-8") as config:
        config.write("\n" + made["toml"])
    refused = council.node("approve", COLLECTION, "--by", "Somebody else")
    assert refused.exit_code == 56, refused.stderr
    assert "--key" in refused.stderr
    assert council.node("run", "--once").exit_code == 61
    wrong = council.node("approve", COLLECTION, "--key", key, environment={ENVIRONMENT_VARIABLE: "not these words"})
    assert wrong.exit_code == 56
    assert council.node("refuse", COLLECTION, "--by", "Somebody else").exit_code == 0, "anybody may refuse"
    approved = council.node("approve", COLLECTION, "--key", key, "--format", "json", environment=PASSPHRASE)
    assert approved.json() == {
        "collection": COLLECTION,
        "releases": [RELEASE],
        "decision": "approved",
        "by": NAME,
        "key_id": made["key_id"],
    }
    assert council.node("run", "--once").exit_code == 0
    assert kinds(council) == ["decision", "decision", "limit", "reserved", "stored", "acknowledged"]

    assert council.node("ledger", "raise-limit", "--by", NAME).exit_code == 2
    council.edit('approval = "named"', 'approval = "named"\nrho_per_year = 0.3')
    assert council.node("ledger", "raise-limit", "--by", NAME).exit_code == 56
    assert council.node("status", "--format", "json").json()["budget"]["limit_per_year"] == 0.15
    raised = council.node("ledger", "raise-limit", "--key", key, "--format", "json", environment=PASSPHRASE)
    assert raised.json()["year_limit_units"] == 300_000_000_000
    assert council.node("status", "--format", "json").json()["budget"]["limit_per_year"] == 0.3
    assert council.node("ledger", "verify").exit_code == 0


def without_a_node(*arguments: str | Path) -> dict[str, str]:
    """A command that needs no node."""
    ran = run("newlyn-node", *arguments, environment=PASSPHRASE)
    assert ran.exit_code == 0, ran.stderr
    answer: dict[str, str] = ran.json()
    return answer


def test_the_head_is_said_in_short_form(world: House, tmp_path: Path) -> None:
    council = joined(world, "303", tmp_path)
    assert "no summary was ever stored" in council.node("ledger", "verify").stdout
    assert council.node("approve", COLLECTION, "--by", NAME).exit_code == 0
    assert council.node("run", "--once").exit_code == 0
    head = council.node("ledger", "verify", "--format", "json").json()["head"]
    assert head["short"] == f"1: {' '.join(head['hash'][start : start + 4] for start in range(0, 16, 4))}"
    assert head["short"] in council.node("ledger", "verify").stdout


def test_a_restored_ledger_is_repaired_and_answers_the_next_collection(world: House, tmp_path: Path) -> None:
    council = joined(world, "302", tmp_path)
    assert council.node("ledger", "repair", "--accept-head").exit_code == 2, "nothing is to repair"
    assert council.node("ledger", "repair").exit_code == 2
    shutil.copytree(council.state, tmp_path / "backup")
    assert council.node("approve", COLLECTION, "--by", NAME).exit_code == 0
    assert council.node("run", "--once").exit_code == 0
    shutil.rmtree(council.state)
    shutil.copytree(tmp_path / "backup", council.state)
    assert council.node("approve", COLLECTION, "--by", NAME).exit_code == 0
    behind = council.node("run", "--once")
    assert (behind.exit_code, "ledger repair" in behind.stdout) == (61, True)

    command = ("ledger", "repair", "--accept-head", "--years", "2", "--by", NAME, "--format", "json")
    assert council.node(*command[:3]).exit_code == 2, "a new ledger is told for how long"
    shown = council.node(*command)
    assert shown.json()["rho_charged"] == {"this_year": 0.15, "earlier_years": 0.15}
    assert shown.json()["never_answered"] == [f"{COLLECTION} / {RELEASE}"]
    assert kinds(council) == ["decision"], "only shown"
    assert council.node(*command, "--yes").json()["done"] is True
    assert kinds(council) == ["decision", "repaired"]
    assert council.node(*command, "--yes").exit_code == 2, "once"

    given_up = council.node("run", "--once", "--format", "json")
    assert "was lost" in given_up.json()["outcomes"][0]["reason"]
    council.edit('approval = "named"', 'approval = "automatic"\nrho_per_year = 0.3')
    assert council.node("ledger", "raise-limit", "--by", NAME).exit_code == 0
    open_now(world, "2026-later")
    outcomes = council.node("run", "--once", "--format", "json").json()["outcomes"]
    assert {(outcome["collection"], outcome["state"]) for outcome in outcomes} == {
        (COLLECTION, "not ready"),
        ("2026-later", "sent"),
    }
    assert council.node("ledger", "verify", "--format", "json").json()["head"]["sequence"] == 2
    assert council.node("ledger", "verify").exit_code == 0


def open_now(world: House, collection: str) -> None:
    """Opens a collection at the next full second, and waits for it."""
    opens = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    path = world.folder / f"{collection}.toml"
    text = (world.folder / f"{COLLECTION}.toml").read_text(encoding="utf-8")
    text = text.replace(COLLECTION, collection).replace("opens = 2025-04-01", f"opens = {opens:%Y-%m-%dT%H:%M:%SZ}")
    path.write_text(text.replace("epsilon = 1.5", "epsilon = 0.5"), encoding="utf-8")
    world.command("collection", "open", path)
    while datetime.now(UTC) < opens:
        time.sleep(0.05)
