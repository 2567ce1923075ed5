"""The node put together from its configuration: ledger, door, offers, shelf and agent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from frameworks.model import Framework
from frameworks.plan import ReleasePlan
from node.agent import Agent
from node.benchmarks import BenchmarkShelf
from node.config import NodeConfig, load_config
from node.decisions import Owner
from node.errors import AlreadyReleased
from node.identity import IdentityFiles, load_signing_key, load_transport_credentials
from node.ledger import Ledger
from node.ledger_entries import Decision, Entry
from node.link import Link, open_link
from node.offers import OfferBook
from node.release import ReleaseDoor
from node.returns import release_vector
from node.round_assembly import RoundParts
from node.warehouse import Warehouse


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Node:
    """An opened node: the only process that may hold its ledger."""

    config: NodeConfig
    files: IdentityFiles
    ledger: Ledger
    offers: OfferBook
    shelf: BenchmarkShelf

    def decide(self, decision: Decision, plan: ReleasePlan, by: str, key: Ed25519PrivateKey | None = None) -> Entry:
        """Records what `by` decided on a plan, signed with their own `key`, or the node's.

        Raises UsageProblem without a name, AlreadyReleased for refusing what the coordinator has, and ApproverRefused
        for an approval that does not count.
        """
        sent = self.ledger.acknowledged_at(plan.collection_id, plan.release_id)
        if decision == "refused" and sent is not None:
            raise AlreadyReleased(
                f"Release {plan.release_id} of {plan.collection_id} was sent on {sent:%d %B %Y}.",
                "It cannot be called back. To answer nothing more, set [policy] limits in node.toml, or stop the node.",
            )
        return self.ledger.record_decision(plan.collection_id, plan.release_id, plan.plan_hash, decision, by, key)

    def agent(self, log: structlog.stdlib.BoundLogger, sleep: Callable[[float], None] = time.sleep) -> Agent:
        """The agent of this node. Raises NotEnrolled until the certificate is there."""
        config, credentials = self.config, load_transport_credentials(self.files)
        declared = frozenset(config.returns.declared)
        door = ReleaseDoor(
            ledger=self.ledger,
            policy=config.policy,
            signing_key=load_signing_key(self.files),
            council_code=config.council.code,
            clock=utc_now,
        )

        def measure(plan: ReleasePlan, framework: Framework) -> Sequence[int]:
            return release_vector(
                config.returns.folder,
                plan,
                framework,
                declared,
                warehouse=Warehouse.of(config.warehouse),
                council_code=config.council.code,
            )

        def linked() -> AbstractContextManager[Link]:
            return open_link(config.coordinator.address, credentials, config.agent.deadline_seconds)

        rounds = RoundParts(config, self.files, self.ledger, self.offers, door, measure, linked, utc_now, log)
        return Agent(
            door=door,
            offers=self.offers,
            shelf=self.shelf,
            declared_files=declared,
            measure=measure,
            take_round_turn=rounds.turn(),
            open_link=linked,
            clock=utc_now,
            sleep=sleep,
            send_every_seconds=config.agent.send_every_seconds,
            log=log,
        )


def offer_book(config: NodeConfig) -> OfferBook:
    """The collections offered to this node; reading them needs no ledger."""
    return OfferBook(config.state / "collections", config.coordinator.signing_key_bytes)


def benchmark_shelf(config: NodeConfig) -> BenchmarkShelf:
    """The benchmarks this node has received; reading them needs no ledger."""
    return BenchmarkShelf(config.state / "benchmarks", config.coordinator.signing_key_bytes)


@contextmanager
def open_node(config_path: Path, *, reading: bool = False) -> Iterator[Node]:
    """Opens the node and its ledger; `reading` looks at the ledger while the service may be writing it.

    Raises NodeError: NotEnrolled before the keys are made, LedgerLocked when another process keeps it open for writing.
    """
    config = load_config(config_path)
    files = IdentityFiles(config.state)
    owner = Owner(
        config.council.code,
        load_signing_key(files),
        frozenset(approver.key_bytes for approver in config.policy.approvers),
    )
    wait = config.agent.ledger_wait_seconds
    with Ledger.open(config.state / "ledger.db", utc_now, owner=owner, reading=reading, wait_seconds=wait) as ledger:
        yield Node(config, files, ledger, offer_book(config), benchmark_shelf(config))
