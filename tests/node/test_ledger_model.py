"""If this failed, some order of calls, crashes and restarts would spend more, send something else, or break the chain.

The ledger on disk is compared, step by step, with a model that is a few dictionaries.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.errors import AlreadyReleased, ApproverRefused, BudgetExceeded, LedgerRolledBack, UsageProblem
from node.ledger import Ledger
from node.ledger_entries import CHAIN_START, Decision, LedgerHead, budget_year
from node.policy import Limits
from tests.node.small_release import CALDICOTT, NOW, STRANGER, WITH_APPROVER, Clock, open_ledger

RELEASES = st.tuples(st.sampled_from(["2025-a", "2025-b"]), st.sampled_from(["one", "two", "three"]))
PLANS = st.sampled_from([sha256(b"plan").digest(), sha256(b"plan").digest(), sha256(b"other").digest()])
LIMITS = st.builds(Limits, st.sampled_from([60, 100, 140]), st.sampled_from([120, 180, 240]))
KEYS = st.sampled_from([None, CALDICOTT, STRANGER])
BY = "A. Caldicott (invented)"


class LedgerAgainstModel(RuleBasedStateMachine):
    """Random lives of a ledger, where one approver is listed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.stack = ExitStack()
        self.policy = Limits(100, 180)
        self.recorded: Limits | None = None
        self.charges: dict[tuple[str, str], tuple[bytes, int, int]] = {}
        self.stored: dict[tuple[str, str], bytes] = {}
        self.acknowledged: set[tuple[str, str]] = set()
        self.decisions: dict[tuple[tuple[str, str], bytes], Decision] = {}
        self.latest = NOW - timedelta(days=100_000)
        self.sent_heads: list[LedgerHead] = []
        self.ledger: Ledger

    @initialize()
    def start(self) -> None:
        self.ledger = self.stack.enter_context(open_ledger(self.folder, self.clock, owner=WITH_APPROVER))

    def teardown(self) -> None:
        self.stack.close()
        shutil.rmtree(self.folder)

    def _dated(self) -> int:
        self.latest = max(self.latest, self.clock.now)
        return budget_year(self.latest)

    def _in_force(self) -> Limits:
        return self.policy if self.recorded is None else self.policy.at_most(self.recorded)

    @rule(days=st.integers(-200, 400))
    def time_passes(self, days: int) -> None:
        self.clock.now += timedelta(days=days)

    @rule(limits=LIMITS)
    def edit_the_policy(self, limits: Limits) -> None:
        self.policy = limits

    @rule(key=KEYS)
    def raise_the_limits(self, key: Ed25519PrivateKey | None) -> None:
        if self.recorded is None or not self.policy.exceed(self.recorded):
            with pytest.raises(UsageProblem):
                self.ledger.raise_limits(self.policy, BY, key)
        elif key is not CALDICOTT:
            with pytest.raises(ApproverRefused):
                self.ledger.raise_limits(self.policy, BY, key)
        else:
            self.ledger.raise_limits(self.policy, BY, key)
            self._dated()
            self.recorded = self.policy

    @rule(release=RELEASES, plan=PLANS, decision=st.sampled_from(["approved", "refused"]), key=KEYS)
    def decide(self, release: tuple[str, str], plan: bytes, decision: Decision, key: Ed25519PrivateKey | None) -> None:
        if decision == "approved" and key is not CALDICOTT:
            with pytest.raises(ApproverRefused):
                self.ledger.record_decision(*release, plan, decision, BY, key)
            return
        self.ledger.record_decision(*release, plan, decision, BY, key)
        self._dated()
        self.decisions[release, plan] = decision

    @rule(release=RELEASES, plan=PLANS, units=st.integers(1, 60))
    def charge(self, release: tuple[str, str], plan: bytes, units: int) -> None:
        def call() -> bytes:
            return self.ledger.reserve(*release, plan, units, policy=self.policy).hash

        if release in self.charges:
            if self.charges[release][0] == plan:
                assert call() in [entry.hash for entry in self.ledger.entries()]
            else:
                with pytest.raises(AlreadyReleased):
                    call()
            return
        year, limits = budget_year(max(self.latest, self.clock.now)), self._in_force()
        in_year = sum(paid for _, paid, of in self.charges.values() if of == year)
        for_life = sum(paid for _, paid, _ in self.charges.values())
        if in_year + units > limits.year_units or for_life + units > limits.life_units:
            with pytest.raises(BudgetExceeded):
                call()
            return
        assert call() == self.ledger.head().hash
        self._dated()
        self.recorded = self.recorded or self.policy
        self.charges[release] = (plan, units, year)

    @rule(release=RELEASES, plan=PLANS, content=st.binary(min_size=1, max_size=3))
    def store(self, release: tuple[str, str], plan: bytes, content: bytes) -> None:
        charged = release in self.charges and self.charges[release][0] == plan
        if self.stored.get(release) == content or (release not in self.stored and charged):
            head = self.ledger.head()
            self.ledger.store(*release, plan, content)
            if release not in self.stored:
                self._dated()
                self.sent_heads.append(head)
            self.stored[release] = content
        else:
            with pytest.raises(AlreadyReleased):
                self.ledger.store(*release, plan, content)

    @rule(release=RELEASES)
    def acknowledge(self, release: tuple[str, str]) -> None:
        if release in self.stored:
            self.ledger.acknowledge(*release, sha256(self.stored[release]).digest())
            if release not in self.acknowledged:
                self._dated()
            self.acknowledged.add(release)
        else:
            with pytest.raises(AlreadyReleased):
                self.ledger.acknowledge(*release, bytes(32))

    @rule()
    def restart(self) -> None:
        self.stack.close()
        self.start()

    @rule()
    def put_an_empty_ledger_in_its_place(self) -> None:
        """Looked at, and the right one put back."""
        with open_ledger(self.folder / "other", self.clock) as other:
            for head in self.sent_heads:
                with pytest.raises(LedgerRolledBack):
                    other.check_remembered(head.sequence, head.hash)

    @invariant(check_during_init=False)
    def the_ledger_is_the_model(self) -> None:
        ledger = self.ledger
        assert ledger.verify() == ()
        assert ledger.limits_in_force(self.policy) == self._in_force()
        assert ledger.spent_for_life() == sum(units for _, units, _ in self.charges.values())
        for year in {2026, 2027, 2028, budget_year(self.clock.now)}:
            spent = sum(units for _, units, of in self.charges.values() if of == year)
            assert ledger.spent_in_year(NOW.replace(year=year, month=1)) == spent
        for (release, plan), decision in self.decisions.items():
            assert ledger.decision(*release, plan) == decision
        refused = {
            release for release in self.stored if self.decisions.get((release, self.charges[release][0])) == "refused"
        }
        waiting = {
            release: content
            for release, content in self.stored.items()
            if release not in self.acknowledged and release not in refused
        }
        assert {(s.collection_id, s.release_id): s.envelope for s in ledger.pending()} == waiting
        assert ledger.known_heads() == tuple(self.sent_heads)
        assert [head.sequence for head in self.sent_heads] == list(range(1, len(self.sent_heads) + 1))
        for head in self.sent_heads:
            ledger.check_remembered(head.sequence, head.hash)
        if not ledger.entries():
            assert ledger.head() == LedgerHead(1, CHAIN_START)


TestLedgerAgainstModel = LedgerAgainstModel.TestCase
TestLedgerAgainstModel.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
