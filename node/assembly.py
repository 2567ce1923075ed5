"""The node put together from its configuration: ledger, door, offers, shelf and agent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from frameworks.plan import ReleasePlan
from node.agent import Agent
from node.benchmarks import BenchmarkShelf
from node.config import NodeConfig, load_config
from node.errors import AlreadyReleased
from node.identity import IdentityFiles, load_signing_key, load_transport_credentials
from node.ledger import Ledger
from node.ledger_entries import Decision
from node.link import open_link
from node.offers import OfferBook
from node.release import ReleaseDoor
from node.returns import release_vector
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

    def decide(self, decision: Decision, plan: ReleasePlan, by: str) -> None:
        """Records what `by` decided on a plan.

        Raises UsageProblem without a name, and AlreadyReleased for refusing what the coordinator has.
        """
        sent = self.ledger.acknowledged_at(plan.collection_id, plan.release_id)
        if decision == "refused" and sent is not None:
            raise AlreadyReleased(
                f"Release {plan.release_id} of {plan.collection_id} was sent on {sent:%d %B %Y}.",
                "It cannot be called back. To answer nothing more, set [policy] limits in node.toml, or stop the node.",
            )
        self.ledger.record_decision(plan.collection_id, plan.release_id, plan.plan_hash, decision, by)

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
        return Agent(
            door=door,
            offers=self.offers,
            shelf=self.shelf,
            declared_files=declared,
            measure=lambda plan, framework: release_vector(
                config.returns.folder,
                plan,
                framework,
                declared,
                warehouse=Warehouse.of(config.warehouse),
                council_code=config.council.code,
            ),
            open_link=lambda: open_link(config.coordinator.address, credentials, config.agent.deadline_seconds),
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

    Raises NodeError, LedgerLocked among them when another process keeps it open for writing.
    """
    config = load_config(config_path)
    wait = config.agent.ledger_wait_seconds
    with Ledger.open(config.state / "ledger.db", utc_now, reading=reading, wait_seconds=wait) as ledger:
        yield Node(config, IdentityFiles(config.state), ledger, offer_book(config), benchmark_shelf(config))
