"""The coordinator put together from its folder: the desk for rounds, and what the server answers with."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from coordinator.config import RoundsSection
from coordinator.files import CoordinatorFiles, load_round_key
from coordinator.rounds.desk import RoundDesk
from coordinator.rounds.service import RoundService
from coordinator.service import Service
from coordinator.store.database import Store
from coordinator.store.rounds import StoredRounds

Clock = Callable[[], datetime]


def open_desk(files: CoordinatorFiles, store: Store, settings: RoundsSection, clock: Clock) -> RoundDesk:
    """The desk over the coordinator's database. Raises NotACoordinator without the key that signs in rounds."""
    return RoundDesk(
        store=StoredRounds(store),
        signing_key=load_round_key(files),
        clock=lambda: int(clock().timestamp()),
        randomness=secrets.token_bytes,
        keep_vectors=settings.keep_vectors,
    )


def open_service(files: CoordinatorFiles, store: Store, settings: RoundsSection, clock: Clock) -> Service:
    """What the server answers with. Raises as `open_desk` does."""
    desk = open_desk(files, store, settings, clock)
    return Service(store, clock, RoundService(desk, StoredRounds(store), store, clock))
