"""Rows 8, 12 and 32 of section C: what the three ideas against two masks over one vector are worth.

One council is shown a manifest of its own, or is put back to a copy of its disk or memory, so that it reports twice or
under names that nobody else has. If one of these tests failed, the coordinator would read its vector bit for bit. Each
has a control in which the idea is taken away and the coordinator does read it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import hedging, sealing, statements
from protos.sa1.announces import Announce
from protos.sa1.epochs import Epoch
from protos.sa1.hedging import ReportSecrets, report_secrets
from protos.sa1.masking import Vector, add_masks, from_ring, mask_private_key, pair_key, self_key, word
from protos.sa1.rosters import Roster
from protos.sa1.statements import Header, Statement
from tests.coordinator.rounds.federation import small_plan
from tests.protocol.hostile import Adversary

Patch = pytest.MonkeyPatch


def without_the_header_check(monkeypatch: Patch) -> None:
    """Takes a header for one of this manifest, whichever it names."""
    original = statements.read_header

    def read(signed: pb.Signed, announce: Announce, roster: Roster, epoch: Epoch) -> Header:
        named = pb.ReportHeader.FromString(signed.payload).manifest_hash
        return original(signed, announce, dataclasses.replace(roster, hash=named), epoch)

    monkeypatch.setattr(statements, "read_header", read)


def without_the_manifest_in_shares(monkeypatch: Patch) -> None:
    """Seals shares of self-masks without the name of the manifest."""
    original = sealing.b_share_info

    def info(_manifest_hash: bytes, owner: str, member: str, index: int, nonce: bytes) -> bytes:
        return original(bytes(32), owner, member, index, nonce)

    monkeypatch.setattr(sealing, "b_share_info", info)


def without_the_hedge(monkeypatch: Patch) -> None:
    """Draws a report's secrets from the random bytes alone."""

    def unhedged(randomness: bytes, _manifest: bytes, node_id: str, threshold: int, noised: Vector) -> ReportSecrets:
        return report_secrets(randomness, bytes(32), node_id, threshold, np.zeros_like(noised))

    monkeypatch.setattr(hedging, "report_secrets", unhedged)


def with_the_self_mask_drawn_at_join(monkeypatch: Patch) -> None:
    """Draws the self-mask once for a council and a round: whatever is reported has the same."""

    def fixed(_randomness: bytes, _manifest: bytes, node_id: str, threshold: int, noised: Vector) -> ReportSecrets:
        return report_secrets(bytes(32), bytes(32), node_id, threshold, np.zeros_like(noised))

    monkeypatch.setattr(hedging, "report_secrets", fixed)


class Split:
    """Ten councils, three of them corrupt; the first is the victim. It is shown a manifest of itself, the corrupt, and
    three more, whom everybody else's statement will call dropped: their pair masks are opened, the corrupt know theirs.
    """

    def __init__(self) -> None:
        self.world = world = Adversary(10, corrupt=3, plan=small_plan(dropped=3, largest=10))
        world.gives_receipts = False
        self.victim, self.doomed, self.others = world.honest[0], world.honest[1:4], world.honest[4:]
        self.played = world.joined()
        self.everybody = world.manifest(self.played)
        few = {self.victim, *self.doomed, *world.corrupt}
        self.few = world.manifest(self.played, [self.played.joins[node_id].join for node_id in few])

    @property
    def vector(self) -> list[int]:
        """What the victim counted."""
        return self.world.councils[self.victim].vector

    def certify(self, survivors: list[str]) -> tuple[Roster, Statement] | None:
        """Has the statement over everybody's manifest certified and shares opened, if the honest do so."""
        world, played = self.world, self.played
        work = world.statement(played, self.everybody, survivors)
        roster, statement = world.roster(played, self.everybody), world.parsed(work)
        voters = [*self.doomed, *self.others]
        world.state(played, self.everybody, work, voters)
        certificate = world.certified(played, roster, statement)
        if len(certificate.verdicts) < world.epoch.threshold:
            return None
        world.tell(voters, world.certificate_work(played, certificate))
        for node_id in world.corrupt:
            served = world.served(played, self.everybody, work, node_id)
            played.reveals[node_id] = world.puppet_reveal(played, roster, statement, served, node_id)
        return roster, statement

    def strip(self, vector: bytes, header: pb.Signed, b: int, pair_secrets: dict[str, int]) -> list[int]:
        """The victim's vector from a report under the manifest of few, with its self-mask's secret and theirs."""
        world, announce = self.world, self.played.announce
        roster, me = world.roster(self.played, self.few), self.victim
        cell_id, nonce = roster.cell_of(me), pb.ReportHeader.FromString(header.payload).nonce
        assert cell_id is not None
        entries = {entry.node_id: entry.mask_pk for entry in roster.entries}
        keys = {}
        for other in roster.cells[cell_id]:
            if other != me:
                pair = (me, other) if me < other else (other, me)
                theirs = mask_private_key(pair_secrets[other], announce.hash, other)
                publics = entries[pair[0]], entries[pair[1]]
                keys[other] = pair_key(theirs, entries[me], roster.hash, cell_id, pair, publics)
        total = np.frombuffer(bytearray(vector), dtype=word(announce.width))
        added = [key for other, key in keys.items() if other < me]
        subtracted = [self_key(b, roster.hash, cell_id, me, nonce)]
        add_masks(total, added, [*subtracted, *(key for other, key in keys.items() if other > me)])
        return from_ring(total)

    def known_pair_secrets(self, opened: dict[str, int]) -> dict[str, int]:
        """Those of the corrupt, and those that were opened."""
        return {node_id: made.a for node_id, made in self.played.puppet_joins.items()} | opened


def played_split(split: Split) -> list[int] | None:
    """The manifest split: the victim is listed as a survivor. Its vector, if the attack succeeds."""
    world, played = split.world, split.played
    world.reported(played, split.everybody, split.others)
    world.tell(split.doomed, pb.Work(manifest=split.everybody))
    world.tell(split.victim, pb.Work(manifest=split.few))
    assert split.victim in played.reports
    certified = split.certify([split.victim, *split.others, *world.corrupt])
    if certified is None:
        return None
    secrets = world.secrets(played, *certified)
    if split.victim not in secrets.b:
        return None
    report = played.reports[split.victim]
    pair_secrets = split.known_pair_secrets(dict(secrets.a))
    return split.strip(report.vector, report.header, secrets.b[split.victim], pair_secrets)


def test_c08_a_report_under_another_manifest_is_not_a_survivors() -> None:
    split = Split()
    assert played_split(split) is None
    assert not split.played.committed()
    assert not split.played.reveals


def test_c08_without_the_header_check_the_shares_of_its_self_mask_still_do_not_open(monkeypatch: Patch) -> None:
    without_the_header_check(monkeypatch)
    split = Split()
    assert played_split(split) is None
    assert split.played.reveals


def test_c08_positive_control_without_either_the_victims_vector_is_read(monkeypatch: Patch) -> None:
    without_the_header_check(monkeypatch)
    without_the_manifest_in_shares(monkeypatch)
    split = Split()
    assert played_split(split) == split.vector


def test_c08_declared_dropped_instead_its_self_mask_stays_closed() -> None:
    split = Split()
    world, played = split.world, split.played
    world.reported(played, split.everybody, [*split.doomed, *split.others])
    world.tell(split.victim, pb.Work(manifest=split.few))
    certified = split.certify([*split.doomed, *split.others, *world.corrupt])
    assert certified is not None
    secrets = world.secrets(played, *certified)
    assert split.victim in secrets.a
    assert split.victim not in secrets.b


def two_reports(randomness: Callable[[int], bytes] | None, correction: int) -> tuple[list[int], list[int]]:
    """A council reports, is put back to its disk before that, and reports again under the same manifest, its data
    corrected by so much. The difference of the masked vectors and that of the data."""
    world = Adversary(10)
    world.tells_starts = False
    played = world.joined()
    manifest, victim = world.manifest(played), world.councils[world.honest[0]]
    if randomness is not None:
        victim.randomness = randomness
    backup = victim.backup()
    vectors = []
    for change in (0, correction):
        victim.restore(backup)
        victim.vector[0] += change
        victim.start()
        world.tell(victim.node_id, pb.Work(manifest=manifest))
        vectors.append(np.frombuffer(played.reports[victim.node_id].vector, dtype=word(played.announce.width)))
    return from_ring(vectors[1] - vectors[0]), [correction] + [0] * (world.plan.length - 1)


def test_c12_two_reports_of_a_restored_disk_have_two_self_masks() -> None:
    masked, data = two_reports(None, 5)
    assert masked != data


def test_c12_positive_control_with_the_self_mask_of_the_join_the_difference_is_read(monkeypatch: Patch) -> None:
    with_the_self_mask_drawn_at_join(monkeypatch)
    masked, data = two_reports(None, 5)
    assert masked == data


def repeating(count: int) -> bytes:
    """The generator of a machine that was restored from a snapshot of its memory."""
    return bytes(range(count))


def test_c32_a_repeating_generator_gives_corrected_data_another_mask() -> None:
    masked, data = two_reports(repeating, 5)
    assert masked != data


def test_c32_the_same_message_is_made_to_the_byte_but_for_its_ciphertexts() -> None:
    masked, data = two_reports(repeating, 0)
    assert masked == data == [0] * len(data)


def test_c32_positive_control_without_the_hedge_one_child_is_seen(monkeypatch: Patch) -> None:
    without_the_hedge(monkeypatch)
    masked, data = two_reports(repeating, 1)
    assert masked == data


def rewound_split(split: Split) -> list[int] | None:
    """Rows 8 and 32 together: the victim, its memory put back, reports under both manifests with one generator. The
    certified report opens its secret; is the other one's the same, it is stripped. Its vector, if so."""
    world, played = split.world, split.played
    world.tells_starts = False
    victim = world.councils[split.victim]
    victim.randomness = repeating
    backup = victim.backup()
    world.tell(split.victim, pb.Work(manifest=split.few))
    second = played.reports[split.victim]
    victim.restore(backup)
    victim.start()
    world.reported(played, split.everybody, [split.victim, *split.doomed, *split.others])
    certified = split.certify([split.victim, *split.others, *world.corrupt])
    assert certified is not None
    secrets = world.secrets(played, *certified)
    pair_secrets = split.known_pair_secrets(dict(secrets.a))
    return split.strip(second.vector, second.header, secrets.b[split.victim], pair_secrets)


def test_c32_a_repeating_generator_gives_each_manifest_another_mask() -> None:
    split = Split()
    assert rewound_split(split) != split.vector


def test_c32_positive_control_without_the_hedge_the_vector_is_read(monkeypatch: Patch) -> None:
    without_the_hedge(monkeypatch)
    split = Split()
    assert rewound_split(split) == split.vector


def test_c32_other_manifest_or_vector_gives_other_secrets_and_the_same_message_the_same() -> None:
    zeros, ones = np.zeros(4, dtype="<u4"), np.ones(4, dtype="<u4")
    base = report_secrets(bytes(32), bytes(32), "X00000001", 7, zeros)
    assert report_secrets(bytes(32), bytes(32), "X00000001", 7, zeros) == base
    for other in (
        report_secrets(bytes(32), bytes(31) + b"1", "X00000001", 7, zeros),
        report_secrets(bytes(32), bytes(32), "X00000001", 7, ones),
    ):
        assert other.nonce != base.nonce
        assert not {other.b, *other.coefficients} & {base.b, *base.coefficients}
