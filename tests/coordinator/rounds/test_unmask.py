"""If these failed, one council that deals or opens a bad share could spoil a sum unseen, or a sum would be published
that is not one; or unmasking would need as much memory as councils times entries."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.rounds.opening import Case, gather, open_case
from coordinator.rounds.reader import Reader
from coordinator.rounds.records import Doubt, Failure, Phase, RoundBook
from coordinator.rounds.unmask import Secrets, find_secrets, open_sum
from coordinator.rounds.windows import SKEW
from coordinator.store.rounds import StoredRounds
from protos.round.v1 import round_pb2 as pb
from protos.sa1 import sharing
from protos.sa1.strict import encode
from protos.sa1.transcript import Signature, le32
from tests.coordinator.rounds.federation import Federation, certifying, finish, ready_to_report, revealing
from tests.coordinator.rounds.honest_node import HonestNode


class BadDealer(HonestNode):
    """Deals shares of something else to the first `spoilt` members of the committee."""

    spoilt = 0

    def sealed(self, shares: Sequence[int], infos: Sequence[bytes]) -> list[bytes]:
        bad = [(share + 1) % sharing.ORDER for share in shares[: self.spoilt]]
        return super().sealed([*bad, *shares[self.spoilt :]], infos)


class LyingMember(HonestNode):
    """Opens every share as something else."""

    def make_reveal(self) -> pb.Signed:
        message = pb.Reveal.FromString(super().make_reveal().payload)
        for entry in message.entries:
            entry.share = le32((int.from_bytes(entry.share, "little") + 1) % sharing.ORDER)
        self.reveal = self.keys.signed(Signature.REVEAL, encode(message))
        return self.reveal


class SilentMember(HonestNode):
    """Opens no share of the node it is silent about, as one whose ciphertext does not open."""

    about = 0

    def make_reveal(self) -> pb.Signed:
        message = pb.Reveal.FromString(super().make_reveal().payload)
        kept = [entry for entry in message.entries if entry.roster_index != self.about]
        del message.entries[:]
        message.entries.extend(kept)
        self.reveal = self.keys.signed(Signature.REVEAL, encode(message))
        return self.reveal


def swap(world: Federation, place: int, kind: type[HonestNode]) -> HonestNode:
    """Another node in the place of an honest one."""
    node = world.nodes[world.ids[place]]
    world.nodes[node.node_id] = kind(node.keys, node.epoch, node.vector)
    return world.nodes[node.node_id]


@pytest.mark.parametrize("dropped", [False, True], ids=["survivor", "dropped"])
def test_a_dealer_of_a_few_bad_shares_is_named_and_the_sum_is_exact(dropped: bool) -> None:
    world = Federation(councils=9)
    dealer = swap(world, 0, BadDealer)
    dealer.spoilt = 1  # type: ignore[attr-defined]
    reporting = world.ids[1:] if dropped else world.ids
    finish(certifying(world, reporting))
    assert world.opened().cells[0].values == world.exact(reporting)
    assert world.standing.doubts == (Doubt(dealer.node_id, world.ids[0]),)


def test_a_member_that_lies_about_every_share_is_named_and_the_sum_is_exact() -> None:
    world = Federation(councils=9)
    liar = swap(world, 0, LyingMember)
    finish(certifying(world, world.ids[:8]))
    assert world.opened().cells[0].values == world.exact(world.ids[:8])
    assert {doubt.member for doubt in world.standing.doubts} == {liar.node_id}


def test_shares_that_cannot_be_corrected_yet_wait_for_further_reveals() -> None:
    world = Federation(councils=9)
    swap(world, 0, LyingMember)
    revealing(world)
    world.step(world.ids[:7])
    assert world.phase() is Phase.UNMASKING
    assert world.desk.result(world.round_id) is None
    world.step(world.ids[7:8])
    assert world.phase() is Phase.UNMASKING
    world.step(world.ids[8:])
    assert world.opened().cells[0].values == world.exact(world.ids)


def test_a_dealer_of_nothing_but_bad_shares_makes_the_round_fail_and_the_failure_counts_as_a_release() -> None:
    world = Federation(councils=9)
    dealer = swap(world, 0, BadDealer)
    dealer.spoilt = 4  # type: ignore[attr-defined]
    finish(certifying(world))
    assert (world.phase(), world.standing.failure) == (Phase.FAILED, Failure.SHARES_MISSING)
    assert world.desk.result(world.round_id) is None
    assert world.desk.transcript(world.round_id).sums == {}


def test_what_is_still_missing_after_the_last_moment_is_lost() -> None:
    world = Federation(councils=9)
    swap(world, 0, LyingMember)
    revealing(world)
    world.step(world.ids[:7])
    world.at(400 + SKEW - 1)
    assert world.phase() is Phase.UNMASKING
    world.at(400 + SKEW)
    assert world.phase() is Phase.FAILED


def test_a_share_that_a_member_could_not_open_is_made_up_for_by_the_others() -> None:
    world = Federation(councils=9)
    for place in (1, 2):
        swap(world, place, SilentMember)
    finish(certifying(world))
    assert world.opened().cells[0].values == world.exact(world.ids)


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_whoever_drops_out_the_sum_is_that_of_the_others(data: st.DataObject) -> None:
    world = Federation(councils=7)
    joined = sorted(data.draw(st.sets(st.sampled_from(world.ids), min_size=5)))
    reported = sorted(data.draw(st.sets(st.sampled_from(joined), min_size=len(joined) - 2)))
    revealers = sorted(data.draw(st.sets(st.sampled_from(world.ids), min_size=5)))
    ready_to_report(world, joined).step(reported)
    world.at(200)
    world.step()
    finish(world, revealers)
    (cell,) = world.opened().cells
    assert (cell.survivors, set(cell.dropped)) == (tuple(reported), set(joined) - set(reported))
    assert cell.values == world.exact(reported)


def case(world: Federation) -> Case:
    """The case of a round that everybody has revealed in, kept from being opened."""
    world.crashes = lambda name, _after: name == "publish sums"
    revealing(world)
    for node in world.nodes.values():
        node.step(world.desk)
    reader = Reader()

    def found(book: RoundBook) -> Case:
        record = book.find_round(world.round_id)
        assert record is not None
        return gather(book, reader, record)

    return StoredRounds(world.database).read("case", found)


def test_a_secret_that_is_not_its_owners_is_never_used() -> None:
    """Control: t members who agree on other shares give another secret; only the commitment tells."""
    world = Federation(councils=7)
    found = case(world)
    owner = world.ids[0]
    others = sharing.share(12345, [7] * (found.epoch.threshold - 1), 7)

    def told(member: str, shares: Mapping[str, int]) -> Mapping[str, int]:
        return {**shares, owner: others[found.epoch.index(member) - 1]}

    reveals = {member: told(member, shares) for member, shares in found.reveals.items()}
    secrets = find_secrets(
        reveals, found.epoch.committee, found.epoch.threshold, found.announce, found.roster, found.statement
    )
    assert secrets.lost == (owner,)
    assert owner not in secrets.b
    assert open_case(replace(found, reveals=reveals)).sums == {}
    weights = sharing.lagrange_at_zero(range(1, found.epoch.threshold + 1))
    assert sharing.recover(others[: found.epoch.threshold], weights) == 12345


def test_without_one_secret_there_is_no_sum() -> None:
    found = case(Federation(councils=7))
    opened = open_case(found)
    (cell,) = found.statement.released
    some = Secrets(opened.secrets.a, dict(list(opened.secrets.b.items())[1:]), (), ())
    with pytest.raises(KeyError):
        open_sum(found.masked[cell], cell, found.announce, found.roster, found.statement, some)
    with pytest.raises(ValueError):
        open_sum(found.masked[cell][:-4], cell, found.announce, found.roster, found.statement, opened.secrets)


def test_opening_a_sum_needs_no_memory_for_each_council_and_little_time() -> None:
    found = case(Federation(councils=7))
    length = 1_000_000
    announce = replace(found.announce, length=length)
    (cell,) = found.statement.released
    secrets = open_case(found).secrets
    masked = bytes(length * announce.width // 8)
    tracemalloc.start()
    began = time.process_time()
    open_sum(masked, cell, announce, found.roster, found.statement, secrets)
    spent = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * len(masked)
    assert spent < 0.5
