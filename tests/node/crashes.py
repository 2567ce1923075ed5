"""Kills a node with SIGKILL at every moment of a release, restarts it, and writes down what was sent and spent.

The life: an approver signs, the release goes through the door and is acknowledged, a limit is raised, and the ledger is
repaired.

`python -m tests.node.crashes FOLDER [forgetful]` prints one JSON list; its items are what a moment led to. It is a
program of its own because it forks. `forgetful` is the control: a door that stores only after it has sent.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from frameworks.plan import ReleasePlan
from node.ledger import Ledger
from node.ledger_entries import LedgerHead
from node.noise import add_noise
from node.policy import Limits
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from tests.node.faulty_storage import KilledAt, every_statement
from tests.node.small_release import (
    CALDICOTT,
    COLLECTION_ID,
    EXACT,
    PLAN,
    WITH_APPROVER,
    door_of,
    open_ledger,
    policy_of,
    prepare,
)

NEVER = 10**9
BY = "A. Caldicott (invented)"
HIGHER = Limits(10**12, 2 * 10**12)
LOST = LedgerHead(9, bytes(32))


def _send(folder: Path, envelope: bytes) -> None:
    """The coordinator's side: what has arrived is on its disk."""
    with (folder / "arrived").open("ab") as arrived:
        arrived.write(envelope.hex().encode() + b"\n")


def _one_cycle(folder: Path, moment: KilledAt, forgetful: bool) -> None:
    def exact_vector() -> Sequence[int]:
        moment("measuring")
        return EXACT

    def noise(plan: ReleasePlan, exact: Sequence[int]) -> list[int]:
        moment("before sampling")
        noised = add_noise(plan, exact)
        moment("after sampling")
        return noised

    store = Ledger.store

    def send_then_store(ledger: Ledger, collection: str, release: str, plan_hash: bytes, envelope: bytes) -> Any:
        _send(folder, envelope)
        moment("sent")
        return store(ledger, collection, release, plan_hash, envelope)

    if forgetful:
        Ledger.store = send_then_store  # type: ignore[assignment, method-assign]
    with every_statement(moment), open_ledger(folder, owner=WITH_APPROVER) as ledger:
        door = door_of(ledger, policy=policy_of(approval="named"), noise=noise)
        if ledger.decision(COLLECTION_ID, PLAN.release_id, PLAN.plan_hash) is None:
            ledger.record_decision(COLLECTION_ID, PLAN.release_id, PLAN.plan_hash, "approved", BY, CALDICOTT)
        prepare(door, exact_vector=exact_vector)
        for stored in door.outgoing():
            moment("before sending")
            _send(folder, stored.envelope)
            moment("sent")
            payload = SignedEnvelope.FromString(stored.envelope).payload
            door.acknowledged(stored.collection_id, stored.release_id, sha256(payload).digest())
        if ledger.limits_in_force(HIGHER) != HIGHER:
            ledger.raise_limits(HIGHER, BY, CALDICOTT)
        if LOST not in ledger.known_heads():
            ledger.repair(LOST, HIGHER, None, BY, CALDICOTT)


def _in_a_process_of_its_own(folder: Path, kill_at: int, forgetful: bool) -> bool:
    """Whether it came to its end."""
    child = os.fork()
    if child == 0:
        _one_cycle(folder, KilledAt(kill_at), forgetful)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _after(folder: Path) -> dict[str, object]:
    with open_ledger(folder, owner=WITH_APPROVER) as ledger:
        return {
            "arrived": (folder / "arrived").read_text().split(),
            "spent": ledger.spent_for_life(),
            "kinds": [entry.kind for entry in ledger.entries()],
            "faults": ledger.verify(),
            "acknowledged": ledger.acknowledged_at(COLLECTION_ID, PLAN.release_id) is not None,
        }


def main(folder: Path, forgetful: bool) -> None:
    """Kills at moment 1, 2, ... until the cycle ends before it is killed."""
    found: list[dict[str, object]] = []
    ended = False
    while not ended:
        own = folder / str(len(found))
        ended = _in_a_process_of_its_own(own, len(found) + 1, forgetful)
        assert _in_a_process_of_its_own(own, NEVER, forgetful), "the restart came to its end"
        found.append(_after(own))
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), "forgetful" in sys.argv[2:])
