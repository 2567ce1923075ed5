"""If this failed, twelve councils could not make sums that nobody can open, one of them gone in the middle."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import coordinator.cli
from coordinator.errors import EpochNotAccepted
from coordinator.lifecycle import asked_plans
from coordinator.store.database import open_store
from frameworks.accounting import UNITS_PER_RHO
from frameworks.catalogue import load_framework
from node.config import load_config
from node.errors import CoordinatorRefused
from node.returns import release_vector
from node.rounds.sqlite_store import LedgerRounds
from protos.round.v1 import round_pb2 as pb
from protos.round.v1.transcript_pb2 import Transcript
from tests.federation.canary_returns import write_canary_returns
from tests.federation.secure_federation import CODES, SecureFederation, invoke, secure_federation

COLLECTION = "2025-secure"
ROUNDS = "join_seconds = 3600\nreport_seconds = 3600\nkeep_vectors = true\n"
ASKED = f"""id = "{COLLECTION}"
framework = "outcomes-2019"
reference_year = 2025
opens = 2025-04-01
closes = 2099-03-31

[[release]]
id = "england"
mode = "secure"
groups = "england"
max_dropped = 2
rho = 0.05
indicators = ["cla_31_march", "sdq_mean"]
breakdowns = ["sex"]

[[release]]
id = "regions"
mode = "secure"
groups = "regions"
max_dropped = 2
rho = 0.02
indicators = ["cla_31_march"]
"""


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureFederation]:
    """Twelve councils in an epoch, and a collection whose rounds have ended; the last council joined and was gone."""
    returns = write_canary_returns(tmp_path_factory.mktemp("returns") / "returns")
    with secure_federation(tmp_path_factory.mktemp("secure"), returns, ROUNDS) as made:
        made.poll(made.councils)
        made.publish_epoch()
        opened = made.open(ASKED)
        assert set(opened["rounds"]) == {"england", "regions"}
        made.wait_until(COLLECTION, lambda each: each["phase"] == "joining")
        made.poll(made.councils)
        present = made.councils[:-1]
        made.wait_until(COLLECTION, lambda each: each["phase"] == "reporting")
        made.poll_until(COLLECTION, present, lambda each: len(each["reported"]) == len(present))
        made.server.ahead = timedelta(hours=3)
        made.poll_until(COLLECTION, present, lambda each: each["phase"] in ("published", "failed", "aborted"))
        made.poll(present)
        yield made


@pytest.fixture(scope="module")
def rounds(federation: SecureFederation) -> dict[str, dict[str, Any]]:
    return federation.rounds(COLLECTION)


def exported(federation: SecureFederation, round_id: str) -> tuple[Path, Transcript]:
    """A round's papers."""
    path = federation.folder / f"{round_id}.transcript"
    federation.operator("round", "export", round_id, "--out", path)
    return path, Transcript.FromString(path.read_bytes())


def test_both_rounds_are_published_without_the_council_that_went(rounds: dict[str, dict[str, Any]]) -> None:
    for each in rounds.values():
        assert (each["phase"], len(each["joined"]), len(each["reported"])) == ("published", 12, 11)
        assert (each["conflicts"], each["doubts"], each["failure"]) == ([], [], None)


def test_the_sums_are_those_of_the_eleven_with_the_noise_that_was_planned(
    federation: SecureFederation, rounds: dict[str, dict[str, Any]]
) -> None:
    """All councils hold the same returns, so the exact sum is eleven times what one measures.

    A release may be a single number, so that only the largest error is bounded, and that no sum comes without noise: a
    sound one does in less than 1 run of 100. That the scale is right, `tests/privacy/test_distributed_noise.py` holds.
    """
    store = open_store(federation.home / "coordinator.sqlite")
    plans = {plan.release_id: plan for plan in asked_plans(store, COLLECTION)}
    store.close()
    config, drawn = load_config(federation.councils[0].config), list[float]()
    for release, plan in plans.items():
        assert plan.secure is not None
        declared = frozenset(config.returns.declared)
        exact = np.array(
            release_vector(
                config.returns.folder, plan, load_framework("outcomes-2019"), declared, council_code=CODES[0]
            )
        )
        _, told = exported(federation, rounds[release]["round"])
        announce = pb.RoundAnnounce.FromString(told.announce.payload)
        (opened,) = told.sums
        values = np.frombuffer(opened.words, f"<i{announce.w // 8}") / plan.secure.grid
        assert (release, plan.secure.modulus_bits, announce.w) in (("england", 64, 32), ("regions", 32, 32))
        honest = plan.secure.honest_shares(12)
        sigma = np.concatenate([np.full(block.length, block.sigma) for block in plan.blocks]) * math.sqrt(11 / honest)
        error = (values - 11 * exact) / sigma
        assert np.abs(error).max() < 7
        drawn.extend(error)
    assert any(drawn)


def test_a_council_finds_a_report_in_its_name_that_it_did_not_make(
    federation: SecureFederation, rounds: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had its key could answer in its place; its own ledger tells."""
    path, _ = exported(federation, rounds["england"]["round"])
    monkeypatch.setattr(LedgerRounds, "find_round", lambda *_: None)
    federation.node(federation.councils[0], "round", "verify", path, code=CoordinatorRefused.exit_code)
    federation.node(federation.councils[-1], "round", "verify", path)


def test_anybody_can_check_a_round_afterwards(federation: SecureFederation, rounds: dict[str, dict[str, Any]]) -> None:
    path, told = exported(federation, rounds["england"]["round"])
    key = (federation.home / "epochs.pub").read_bytes().hex()
    arguments = ("round", "verify", path, "--authority-key", key, "--format", "json")
    audited = json.loads(invoke(coordinator.cli.main, *arguments))
    assert (audited["outcome"], audited["groups"][0]["recomputed"]) == ("published", True)
    present, absent = federation.councils[0], federation.councils[-1]
    for council, counted in ((present, True), (absent, False)):
        shown = json.loads(federation.node(council, "round", "verify", path, "--format", "json"))
        assert (shown["counted"], shown["groups"]) == (counted, audited["groups"])
    told.vectors[0].words = bytes(len(told.vectors[0].words))
    path.write_bytes(told.SerializeToString())
    assert "does not hold" in invoke(coordinator.cli.main, *arguments, code=EpochNotAccepted.exit_code)
    federation.node(present, "round", "verify", path, code=CoordinatorRefused.exit_code)


def test_what_a_node_sends_is_masked(federation: SecureFederation, rounds: dict[str, dict[str, Any]]) -> None:
    """Equal returns, and no two masked vectors alike in any entry that is not chance."""
    _, told = exported(federation, rounds["england"]["round"])
    vectors = [np.frombuffer(each.words, "<u4") for each in told.vectors]
    assert len(vectors) == 11
    for place, one in enumerate(vectors):
        assert all((one == other).mean() < 0.2 for other in vectors[place + 1 :])


def test_each_release_is_charged_once_where_it_was_reported_and_not_where_it_was_not(
    federation: SecureFederation,
) -> None:
    spent = [
        json.loads(federation.node(council, "status", "--format", "json"))["budget"]["spent_for_life"]
        for council in federation.councils
    ]
    store = open_store(federation.home / "coordinator.sqlite")
    cost = sum(plan.rho_units for plan in asked_plans(store, COLLECTION)) / UNITS_PER_RHO
    store.close()
    assert spent == pytest.approx([cost] * 11 + [0])
    for council in federation.councils:
        federation.node(council, "ledger", "verify")


def test_a_node_tells_its_council_where_its_rounds_stand(federation: SecureFederation) -> None:
    status = json.loads(federation.node(federation.councils[0], "status", "--format", "json"))
    assert {each["release"] for each in status["rounds"]} == {f"{COLLECTION}/england", f"{COLLECTION}/regions"}
    assert {each["standing"] for each in status["rounds"]} == {"closed"}
    assert status["alarms"] == []
    assert "closed" in federation.node(federation.councils[0], "status")
    shown = json.loads(federation.node(federation.councils[0], "epoch", "show", "--format", "json"))
    assert (shown["epoch"], shown["member"], shown["committee"]) == (1, True, 12)


def test_the_next_epoch_brings_new_keys_for_shares_and_nodes_adopt_it(federation: SecureFederation) -> None:
    assert federation.publish_epoch("second")["epoch"] == 2
    federation.poll(federation.councils[:1])
    shown = json.loads(federation.node(federation.councils[0], "epoch", "show", "--format", "json"))
    assert shown["epoch"] == 2
