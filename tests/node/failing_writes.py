"""Lets each call of one kind that a release makes on the ledger's files fail in turn, and writes down what followed.

`strace -f -e inject=SYSCALL:error=...:when=200 python -m tests.node.failing_writes FOLDER SYSCALL TURNS`. strace counts
the calls of each process apart and fails the 200th; each life is a process of its own, which first makes so many calls
on another file that the one whose turn it is becomes the 200th. Prints one JSON list: what each fault led to.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from node.errors import StorageFailed
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from tests.node.small_release import COLLECTION_ID, PLAN, door_of, open_ledger, policy_of, prepare

FAILING = 200
FAILED = 43

CALLS: dict[str, Callable[[int], Any]] = {
    "pwrite64": lambda file: os.pwrite(file, b"-", 0),
    "fdatasync": os.fdatasync,
    "ftruncate": lambda file: os.ftruncate(file, 1),
}


def life(folder: Path) -> None:
    """Approves, charges, stores, sends and acknowledges a release, as far as that is not done."""
    with open_ledger(folder) as ledger:
        door = door_of(ledger, policy=policy_of(approval="named"))
        if ledger.decision(COLLECTION_ID, PLAN.release_id, PLAN.plan_hash) is None:
            ledger.record_decision(
                COLLECTION_ID, PLAN.release_id, PLAN.plan_hash, "approved", "A. Caldicott (invented)"
            )
        prepare(door)
        for stored in door.outgoing():
            with (folder / "arrived").open("ab") as arrived:
                arrived.write(stored.envelope.hex().encode() + b"\n")
            payload = SignedEnvelope.FromString(stored.envelope).payload
            door.acknowledged(stored.collection_id, stored.release_id, sha256(payload).digest())


def _exit_code(work: Callable[[], None]) -> int:
    """Of a process of its own that does the work: 43 where it raised StorageFailed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except StorageFailed:
            code = FAILED
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _turn(folder: Path, syscall: str, turn: int) -> None:
    file = os.open(folder / "other", os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(FAILING - turn):
        CALLS[syscall](file)
    life(folder)


def _write_down(folder: Path) -> None:
    with open_ledger(folder) as ledger:
        found = {
            "arrived": (folder / "arrived").read_text().split(),
            "spent": ledger.spent_for_life(),
            "faults": ledger.verify(),
            "acknowledged": ledger.acknowledged_at(COLLECTION_ID, PLAN.release_id) is not None,
        }
    (folder / "found").write_text(json.dumps(found))


def main(folder: Path, syscall: str, turns: int) -> None:
    """One life for each turn, then one without a fault, and what there is then."""
    outcomes = []
    for turn in range(1, turns + 1):
        own = folder / str(turn)
        own.mkdir(parents=True)
        code = _exit_code(lambda own=own, turn=turn: _turn(own, syscall, turn))  # type: ignore[misc]
        assert _exit_code(lambda own=own: life(own)) == 0, "it went on once the disk did"  # type: ignore[misc]
        assert _exit_code(lambda own=own: _write_down(own)) == 0  # type: ignore[misc]
        outcomes.append({"exit_code": code} | json.loads((own / "found").read_text()))
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
