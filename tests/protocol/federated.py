"""The real desk with real nodes around it, in one process and without a network: every poll is answered at once."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress

from coordinator.refusals import Refusal
from coordinator.rounds.announcing import Floors
from coordinator.rounds.desk import RoundDesk
from coordinator.rounds.records import OpenedRound, Phase, RoundStanding
from coordinator.store.database import store_in_memory
from coordinator.store.rounds import StoredRounds
from node.rounds.machine import Outgoing
from protos.round.v1 import round_pb2 as pb
from tests.coordinator.rounds.federation import START, WINDOWS, small_plan
from tests.protocol.corruption import HABITS, Corrupt, Message
from tests.protocol.councils import Council, one_hot, read_parts
from tests.protocol.epochs import made_up_epoch


class Federated:
    """So many councils, the first `committee` of which (all, by default) are its committee, `corrupt` by habit."""

    def __init__(
        self,
        councils: int = 10,
        *,
        committee: int | None = None,
        dropped: int = 2,
        release_id: str = "national",
        corrupt: Mapping[int, str] | None = None,
    ) -> None:
        self.now = START
        self.made = made_up_epoch(councils, committee)
        self.ids = sorted(self.made.nodes)
        self.plan = small_plan(release_id, dropped=dropped, largest=councils)
        self.database = store_in_memory()
        self.desk = self.new_desk()
        self.desk.publish_epoch(self.made.signed, self.made.authority_pub)
        self.plans = {self.name(self.plan): self.plan}
        self.councils = {
            node_id: Council(
                self.made,
                node_id,
                plans=self.plans,
                vector=one_hot(place, self.plan.length),
                clock=lambda: self.now,
            )
            for place, node_id in enumerate(self.ids)
        }
        self.corrupt = {
            self.ids[place]: Corrupt(
                self.made.nodes[self.ids[place]], HABITS[habit], len(self.made.epoch.committee), random.Random(1)
            )
            for place, habit in (corrupt or {}).items()
        }

    @staticmethod
    def name(plan: object) -> str:
        """A release's name in the protocol."""
        return f"{plan.collection_id}/{plan.release_id}"  # type: ignore[attr-defined]

    def new_desk(self) -> RoundDesk:
        """The coordinator in another process, over the same database."""
        return RoundDesk(
            store=StoredRounds(self.database),
            signing_key=made_up_epoch(1).coordinator_key,
            clock=lambda: self.now,
            randomness=random.Random(self.now).randbytes,
        )

    def announce(self) -> bytes:
        """A round of the release, open at once."""
        self.round_id = self.desk.announce(self.plan, self.made.epoch, WINDOWS, floors=Floors(3, 67))
        self.desk.advance()
        return self.round_id

    def step(self, node_ids: Iterable[str] | None = None) -> None:
        """These councils (all, by default) poll and send what follows; then the desk does what it can."""
        for node_id in self.ids if node_ids is None else node_ids:
            self.poll(node_id)
        self.desk.advance()

    def poll(self, node_id: str) -> None:
        """One turn, a start of its own as it is in the node's agent: a poll, and all that is sent after it."""
        council = self.councils[node_id]
        council.start()
        with self.corrupt[node_id].dealing() if node_id in self.corrupt else nullcontext():
            council.machine.receive(self.desk.poll(node_id, council.machine.poll()))
        for outgoing in council.outgoing():
            for message in self.corrupt[node_id].instead(outgoing) if node_id in self.corrupt else [outgoing.message]:
                with suppress(Refusal):
                    council.machine.receipted(self.submit(node_id, message, outgoing))

    def submit(self, node_id: str, message: Message, outgoing: Outgoing) -> pb.Receipt:
        """Hands in a message of that kind."""
        if isinstance(message, pb.JoinSubmission):
            return self.desk.submit_join(node_id, message)
        if isinstance(message, tuple):
            return self.desk.submit_report(node_id, *read_parts(message))
        if outgoing.kind == pb.MESSAGE_KIND_VERDICT:
            return self.desk.submit_verdict(node_id, message)
        return self.desk.submit_reveal(node_id, message)

    def at(self, seconds: int) -> None:
        """So many seconds after the beginning."""
        self.now = START + seconds
        self.desk.advance()

    @property
    def standing(self) -> RoundStanding:
        """Where the latest round stands."""
        return self.desk.standing(self.round_id)

    def phase(self) -> Phase:
        """The phase of the latest round."""
        return self.standing.phase

    def opened(self) -> OpenedRound:
        """The result, which must be there."""
        result = self.desk.result(self.round_id)
        assert result is not None
        return result

    def exact(self, survivors: Iterable[str]) -> tuple[int, ...]:
        """The sum of the vectors of these councils."""
        vectors = [self.councils[node_id].vector for node_id in survivors]
        return tuple(sum(entries) for entries in zip(*vectors, strict=True))
