"""This node's part in rounds put together from its configuration: keys, pins, consent, machine and wire."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

import structlog

from frameworks.plan import ReleasePlan
from node.agent import Measure, RoundTurn
from node.config import NodeConfig
from node.identity import IdentityFiles, load_certificate, load_signing_key, load_transport_key
from node.ledger import Ledger
from node.offers import OfferBook
from node.release import ReleaseDoor, measured
from node.rounds.consent import RoundConsent
from node.rounds.driver import RoundDriver, RoundLink
from node.rounds.enrolment import KeyHolder
from node.rounds.folder import RoundFolder
from node.rounds.machine import RoundMachine
from node.rounds.noise_share import add_noise_share
from node.rounds.policy import RoundPolicy
from node.rounds.sqlite_store import LedgerRounds
from node.rounds.standing import RoundStanding, standings
from node.wire import RememberedHead
from protos.sa1.masking import Vector


def round_standings(config: NodeConfig, ledger: Ledger) -> tuple[RoundStanding, ...]:
    """Where each round stands that this node knows, from an open ledger."""
    return standings(LedgerRounds(ledger, RoundFolder.of(config).wrapping, config.policy.limits))


@dataclass
class RoundMeasuring:
    """Measures the releases that are answered, with this node's share of noise; `done` once the returns were opened."""

    consent: RoundConsent
    measure: Measure
    done: bool = False

    def noised(self, plan: ReleasePlan, honest_shares: int) -> Vector:
        """The noised vector as words. Raises ReturnsNotReady where the returns cannot be measured."""
        found = self.consent.find(f"{plan.collection_id}/{plan.release_id}")
        assert found is not None
        self.done = True
        exact = measured(plan, lambda: self.measure(plan, found[0].framework))
        return add_noise_share(plan, exact, honest_shares)


@dataclass(frozen=True)
class RoundParts:
    """What a node's part in rounds is made of."""

    config: NodeConfig
    files: IdentityFiles
    ledger: Ledger
    offers: OfferBook
    door: ReleaseDoor
    measure: Measure
    open_link: Callable[[], AbstractContextManager[RoundLink]]
    clock: Callable[[], datetime]
    log: structlog.stdlib.BoundLogger

    def turn(self) -> RoundTurn | None:
        """What takes a turn in rounds at a poll; None for a node that takes part in none (`[rounds]` of node.toml).

        Raises InvalidConfiguration, NotEnrolled and LedgerDamaged.
        """
        folder = RoundFolder.of(self.config)
        records = folder.records
        pins = folder.pins(self.config, records)
        if pins is None:
            return None
        holder = KeyHolder(
            node_id=folder.node_id,
            idk=load_signing_key(self.files),
            certificate=load_certificate(self.files),
            certificate_key=load_transport_key(self.files),
            book=records,
            clock=self._seconds,
        )

        def turn(remembered: RememberedHead | None) -> None:
            head = (remembered.sequence, remembered.hash) if remembered else None
            consent = RoundConsent(self.door, self.offers, head)
            measuring = RoundMeasuring(consent, self.measure)
            machine = RoundMachine(
                store=LedgerRounds(self.ledger, folder.wrapping, self.config.policy.limits),
                keys=holder.keys,
                pins=pins,
                policy=self._policy(),
                plans=consent.plan,
                noised=measuring.noised,
                clock=self._seconds,
                randomness=os.urandom,
                alarm=folder.alarms(self.clock).ring,
            )
            machine.start()
            driver = RoundDriver(
                machine=machine, holder=holder, pins=pins, has_measured=lambda: measuring.done, log=self.log
            )
            driver.turn(self.open_link)

        return turn

    def _policy(self) -> RoundPolicy:
        rounds = self.config.rounds
        return RoundPolicy(
            min_cell=self.config.policy.minimum_councils,
            min_pct=rounds.min_percent,
            report_delay_seconds=rounds.report_delay_seconds,
        )

    def _seconds(self) -> int:
        return int(self.clock().timestamp())
