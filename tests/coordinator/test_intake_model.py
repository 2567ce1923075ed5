"""If this failed, some order of joining, leaving, sending, repeating and closing would count a summary twice or never.

Hypothesis drives the real service over a real database and compares it, step by step, with a model of a few lines.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from coordinator import lifecycle, membership
from coordinator.errors import UnknownCouncil
from coordinator.refusals import CertificateNotAccepted, Refusal
from coordinator.status import read_status
from coordinator.store import summaries
from coordinator.store.database import open_store
from coordinator.wire import stored_summary
from tests.coordinator.world import Member, World, sealed_summary, small_collection, summary_message

COUNCILS = st.sampled_from(["301", "302", "303"])
COLLECTIONS = st.sampled_from(["2024-test", "2025-test"])


class IntakeMachine(RuleBasedStateMachine):
    """The model: who is in, what is open, the head remembered for each council, and what was counted."""

    members = Bundle("members")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.world = World(Path(self.folder.name) / "coordinator")
        self.current: dict[str, Member] = {}
        self.open: dict[str, bool] = {}
        self.heads: dict[str, tuple[int, int]] = {}
        self.counted: dict[tuple[str, str, str], bytes] = {}

    @rule(target=members, code=COUNCILS)
    def enrol(self, code: str) -> Member:
        self.current[code] = self.world.enrol(code)
        return self.current[code]

    @rule(code=COUNCILS)
    def revoke(self, code: str) -> None:
        known = self.current.pop(code, None) is not None
        try:
            membership.revoke(self.world.store, code, self.world.clock())
        except UnknownCouncil:
            assert not known

    @rule(collection_id=COLLECTIONS)
    def open_collection(self, collection_id: str) -> None:
        if collection_id not in self.open:
            self.world.open(collection_id)
            self.open[collection_id] = True

    @rule(collection_id=COLLECTIONS)
    def close_collection(self, collection_id: str) -> None:
        if collection_id in self.open:
            lifecycle.close_collection(self.world.store, collection_id, self.world.clock())
            self.open[collection_id] = False

    @rule()
    def restart(self) -> None:
        self.world.store.close()
        self.world.store = open_store(self.world.files.database)
        self.world.service._store = self.world.store

    @rule(
        member=members,
        collection_id=COLLECTIONS,
        release=st.integers(0, 1),
        sequence=st.integers(1, 4),
        branch=st.integers(0, 1),
        value=st.integers(0, 1),
    )
    def submit(self, member: Member, collection_id: str, release: int, sequence: int, branch: int, value: int) -> None:
        plan = small_collection(collection_id, self.world.clock()).plans[release]
        head = {"sequence": sequence, "hash": bytes([branch]) * 32}
        message = summary_message(member.code, plan, ledger_head=head, values=[value] * plan.length)
        envelope = sealed_summary(member, message)
        digest = hashlib.sha256(envelope.payload).digest()
        expected = self._expected(member, (member.code, collection_id, plan.release_id), digest, (sequence, branch))
        try:
            answer = self.world.service.submit(self.world.caller(member), envelope)
        except Refusal as refusal:
            assert not expected, refusal
            assert isinstance(refusal, CertificateNotAccepted) == (self.current.get(member.code) is not member)
        else:
            assert expected
            assert answer == digest

    def _expected(self, member: Member, key: tuple[str, str, str], digest: bytes, head: tuple[int, int]) -> bool:
        if self.current.get(member.code) is not member:
            return False
        if key in self.counted:
            return self.counted[key] == digest
        remembered = self.heads.get(member.code, (0, 0))
        continues = head[0] > remembered[0] or head == remembered
        if not self.open.get(key[1], False) or not continues:
            return False
        self.counted[key], self.heads[member.code] = digest, head
        return True

    @invariant()
    def exactly_what_was_accepted_is_stored(self) -> None:
        found = {}
        for collection_id in self.open:
            listing = partial(summaries.list_summaries, collection_id=collection_id)
            for signed in self.world.store.read("test", listing):
                summary = stored_summary(signed)
                found[summary.council_code, summary.collection_id, summary.release_id] = summary.payload_digest
        assert found == self.counted

    @invariant()
    def the_operator_sees_who_has_answered(self) -> None:
        status = read_status(self.world.store, self.world.clock())
        assert {coverage.id for coverage in status.collections} == set(self.open)
        assert {council.code for council in status.councils if council.enrolled} == set(self.current)
        for coverage in status.collections:
            answered = {key[0] for key in self.counted if key[1] == coverage.id}
            full = {
                code
                for code in answered
                if {(code, coverage.id, release) for release in ("headlines", "by_sex")} <= set(self.counted)
            }
            assert len(coverage.complete) == len(full)
            assert len(coverage.missing) == len(set(self.current) - full)

    def teardown(self) -> None:
        self.world.store.close()
        self.folder.cleanup()


TestIntake = IntakeMachine.TestCase
TestIntake.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
