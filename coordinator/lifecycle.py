"""A collection's life: opened, closed, published. Each transition is one named transaction that may be run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from coordinator.collections import CompiledCollection, compile_collection, secure_releases
from coordinator.errors import InvalidCollection, UnknownCollection, WrongState
from coordinator.records import CollectionState, GroupSum, StoredCollection, StoredSummary
from coordinator.rounds.records import OpenedRound
from coordinator.rounds.sums import opened_rounds, opened_sums, release_name, running_releases
from coordinator.store import audit, collections, summaries
from coordinator.store.audit import AuditEvent
from coordinator.store.database import Store
from coordinator.store.rounds import RoundTables
from coordinator.wire import stored_summary
from frameworks.catalogue import load_framework
from frameworks.errors import FrameworkError
from frameworks.model import Framework
from frameworks.plan import ReleasePlan
from protos.signing import Label, seal


def _find(tx: Connection, collection_id: str) -> StoredCollection:
    stored = collections.find_collection(tx, collection_id)
    if stored is None:
        raise UnknownCollection(
            f"No collection {collection_id} has been opened here.", "`newlyn-coordinator status` lists them."
        )
    return stored


def open_collection(store: Store, compiled: CompiledCollection, signing_key: Ed25519PrivateKey, now: datetime) -> None:
    """Signs a collection and offers it to every council. Opening the same one again changes nothing.

    Raises
    ------
    InvalidCollection
        When the collection's window is over.
    WrongState
        When another collection of that id was opened before, or this one is closed already.
    """
    collection = compiled.collection
    if collection.closes_at <= now:
        raise InvalidCollection(
            f"The window of {collection.id} is over ({collection.closes_at:%d %B %Y}).", "Correct `closes`."
        )
    envelope = compiled.sealed(signing_key)

    def work(tx: Connection) -> None:
        existing = collections.find_collection(tx, collection.id)
        if existing is not None:
            if existing.state is CollectionState.OPEN and existing.collection == collection:
                return
            raise WrongState(
                f"A collection {collection.id} was opened here before"
                + (" and asks for something else." if existing.collection != collection else " and is closed."),
                "What councils have been asked is never changed: give the new collection another id.",
            )
        collections.add_collection(tx, collection, envelope, compiled.plans, now)
        audit.record(tx, AuditEvent.COLLECTION_OPENED, now, collection_id=collection.id)

    store.run_tx("open collection", work)


def close_collection(store: Store, collection_id: str, now: datetime) -> None:
    """Takes no more summaries from now on, for good. Closing again changes nothing. Raises UnknownCollection."""

    def work(tx: Connection) -> None:
        if _find(tx, collection_id).state is CollectionState.OPEN:
            collections.close_collection(tx, collection_id, now)
            audit.record(tx, AuditEvent.COLLECTION_CLOSED, now, collection_id=collection_id)

    store.run_tx("close collection", work)


@dataclass(frozen=True)
class Received:
    """All that estimates are made from: the collection, its framework and plans as asked, every summary, and the sums
    of the groups that rounds of its secure releases revealed."""

    stored: StoredCollection
    framework: Framework
    plans: tuple[ReleasePlan, ...]
    summaries: tuple[StoredSummary, ...]
    sums: tuple[GroupSum, ...] = ()


def running_rounds(store: Store, collection_id: str) -> tuple[str, ...]:
    """The secure releases of a collection that a round is still under way for. Raises UnknownCollection."""
    return store.read("running rounds", lambda tx: _running(tx, _find(tx, collection_id)))


def _running(tx: Connection, stored: StoredCollection) -> tuple[str, ...]:
    names = {release_name(stored.collection.id, release): release for release in secure_releases(stored.collection)}
    return tuple(names[name] for name in running_releases(RoundTables(tx, locking=False), tuple(names)))


def received(store: Store, collection_id: str, *, without_running_rounds: bool = False) -> Received:
    """What councils have sent for a collection that takes no more.

    Raises
    ------
    UnknownCollection, WrongState
        When there is none of that id, or it is still open, or one of its rounds is still under way and nobody said to
        go on without it.
    InvalidCollection
        When the framework installed here is not the one that was asked, byte for byte.
    """

    def work(tx: Connection) -> tuple[StoredCollection, Sequence[StoredSummary], Sequence[OpenedRound]]:
        stored = _find(tx, collection_id)
        if stored.state is CollectionState.OPEN:
            raise WrongState(
                f"{collection_id} is still open.", f"First run `newlyn-coordinator collection close {collection_id}`."
            )
        running = () if without_running_rounds else _running(tx, stored)
        if running:
            raise WrongState(
                f"The round of {', '.join(running)} is still under way, and its sum would be missing.",
                "`newlyn-coordinator round status` shows who is waited for. `--without-running-rounds` publishes what "
                "there is; publish again when the round has ended.",
            )
        names = [release_name(collection_id, release_id) for release_id in secure_releases(stored.collection)]
        rounds = opened_rounds(RoundTables(tx, locking=False), names)
        return stored, [stored_summary(each) for each in summaries.list_summaries(tx, collection_id)], rounds

    stored, listed, rounds = store.read("received", work)
    framework = _framework_as_asked(stored)
    plans = compile_collection(stored.collection, framework)
    return Received(stored, framework, plans, tuple(listed), opened_sums(rounds, plans, listed))


def asked_plans(store: Store, collection_id: str) -> tuple[ReleasePlan, ...]:
    """The plans of a collection, as councils were asked. Raises UnknownCollection, and InvalidCollection as above."""
    stored = store.read("asked plans", lambda tx: _find(tx, collection_id))
    return compile_collection(stored.collection, _framework_as_asked(stored))


def _framework_as_asked(stored: StoredCollection) -> Framework:
    collection = stored.collection
    try:
        framework = load_framework(collection.framework_id)
    except FrameworkError as error:
        raise InvalidCollection(error.problem, error.next_step) from error
    if framework.digest != collection.framework_digest:
        raise InvalidCollection(
            f"{collection.id} asked with version {collection.framework_version} of {collection.framework_id}; "
            f"installed here is version {framework.version}, with another content.",
            "Publish with the version of newlyn-coordinator that opened the collection.",
        )
    return framework


def publish_collection(
    store: Store,
    collection_id: str,
    signing_key: Ed25519PrivateKey,
    make_message: Callable[[Received], bytes],
    now: datetime,
    *,
    without_running_rounds: bool = False,
) -> None:
    """Publishes: `make_message` writes what is to be published and returns the benchmark message, serialised.

    The signed benchmark is stored, for councils to fetch, only after everything is written; if something fails,
    nothing has changed and the command can be run again.
    """
    payload = make_message(received(store, collection_id, without_running_rounds=without_running_rounds))
    envelope = seal(signing_key, Label.BENCHMARK, payload).SerializeToString(deterministic=True)

    def work(tx: Connection) -> None:
        collections.publish_collection(tx, collection_id, envelope, now)
        audit.record(tx, AuditEvent.COLLECTION_PUBLISHED, now, collection_id=collection_id)

    store.run_tx("publish collection", work)
