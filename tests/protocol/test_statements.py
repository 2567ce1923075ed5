"""If these failed, members could be brought to open more of a council than the one sum that they voted for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from protos.round.v1 import round_pb2 as pb
from protos.sa1 import statements
from protos.sa1.refusal import Refused
from protos.sa1.sharing import ORDER
from protos.sa1.statements import (
    read_certificate,
    read_header,
    read_reveal,
    read_statement,
    read_verdict,
    revealed_kind,
)
from protos.sa1.transcript import COORDINATOR, Signature, header_hash
from tests.protocol.scenes import NORTH, SOUTH, TEN, Scene, signed

SCENE = Scene(TEN)
HEADER = SCENE.headers[0]
REVEAL = signed(SCENE.it.reveals[0])


def setting(**fields: object) -> Callable[[object], None]:
    """Sets fields of a message."""

    def change(message: object) -> None:
        for name, value in fields.items():
            setattr(message, name, value)

    return change


def stated(change: Callable[[pb.Statement], object], headers: list[pb.Signed] | None = None) -> statements.Statement:
    """Reads the statement with a change, signed by the coordinator again, beside these headers."""
    message = SCENE.changed(Signature.STATEMENT, pb.Statement, SCENE.statement_message, change)
    beside = SCENE.headers if headers is None else headers
    return read_statement(message, beside, SCENE.announce, SCENE.roster, SCENE.epoch)


def certified(verdicts: list[pb.Signed]) -> statements.Choice:
    """Reads these verdicts as a certificate of the round."""
    return read_certificate(pb.Certificate(verdicts=verdicts), SCENE.announce, SCENE.epoch)


def revealed(change: Callable[[pb.Reveal], object]) -> tuple[str, Mapping[str, int]]:
    """Reads the first member's reveal with a change, signed again."""
    message = SCENE.changed(Signature.REVEAL, pb.Reveal, REVEAL, change)
    return read_reveal(message, SCENE.announce, SCENE.roster, SCENE.statement, SCENE.epoch)


def test_a_statement_names_the_survivors_of_the_released_groups() -> None:
    statement = SCENE.statement
    assert [header.node_id for header in statement.released[NORTH]] == [
        "X00000001",
        "X00000002",
        "X00000004",
        "X00000005",
    ]
    assert len(statement.released[SOUTH]) == 4
    assert len(statement.survivors) == 8
    assert statement.withheld == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"round_id": bytes(16)},
        {"manifest_hash": bytes(32)},
        {"node_id": "X00000002"},
        {"node_id": "X00000006"},
        {"nonce": bytes(31)},
        {"nonce": b""},
        {"vector_digest": bytes(33)},
        {"b_commit": b""},
        {"b_shares_digest": b""},
    ],
    ids=str,
)
def test_a_header_that_its_council_should_not_have_sent_is_refused(fields: dict[str, object]) -> None:
    """Under another manifest above all: that a council was shown another roster is found out here (row 8)."""
    bad = SCENE.changed(Signature.REPORT, pb.ReportHeader, HEADER, setting(**fields))
    with pytest.raises(Refused):
        read_header(bad, SCENE.announce, SCENE.roster, SCENE.epoch)
    with pytest.raises(Refused):
        stated(
            lambda message: message.cells[0].header_hash.__setitem__(0, header_hash(bad.payload)),
            [bad, *SCENE.headers[1:]],
        )


def test_one_who_did_not_join_has_no_report() -> None:
    message = pb.ReportHeader.FromString(HEADER.payload)
    message.node_id = "X00000006"
    with pytest.raises(Refused, match="not on the roster"):
        read_header(SCENE.say(Signature.REPORT, message, "X00000006"), SCENE.announce, SCENE.roster, SCENE.epoch)


def release(message: pb.Statement, cell: int, headers: list[pb.Signed]) -> None:
    """Makes a group's survivors those of these headers."""
    del message.cells[cell].header_hash[:]
    message.cells[cell].header_hash.extend(header_hash(header.payload) for header in headers)


def withhold(message: pb.Statement, cell: int) -> None:
    """Withholds a group."""
    message.cells[cell].outcome = pb.CELL_OUTCOME_WITHHELD
    message.cells[cell].ClearField("header_hash")


NORTHERN, SOUTHERN = SCENE.headers[:4], SCENE.headers[4:]


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        (setting(round_id=bytes(16)), SCENE.headers),
        (setting(announce_hash=bytes(32)), SCENE.headers),
        (setting(manifest_hash=bytes(32)), SCENE.headers),
        (lambda message: message.cells.pop(), NORTHERN),
        (lambda message: message.cells.reverse(), SOUTHERN + NORTHERN),
        (lambda message: message.cells.append(message.cells[1]), SCENE.headers + SOUTHERN),
        (setting(), NORTHERN),
        (setting(), [*SCENE.headers, HEADER]),
        (setting(), SCENE.headers[::-1]),
        (lambda message: release(message, 0, NORTHERN[::-1]), NORTHERN[::-1] + SOUTHERN),
        (lambda message: release(message, 0, [HEADER, *NORTHERN]), [HEADER, *SCENE.headers]),
        (lambda message: release(message, 0, [*NORTHERN, SOUTHERN[0]]), [*NORTHERN, SOUTHERN[0], *SOUTHERN]),
        (lambda message: release(message, 0, NORTHERN[1:]), NORTHERN[1:] + SOUTHERN),
        (lambda message: release(message, 1, SOUTHERN[2:]), NORTHERN + SOUTHERN[2:]),
        (lambda message: release(message, 1, []), NORTHERN),
        (lambda message: setattr(message.cells[0], "outcome", pb.CELL_OUTCOME_WITHHELD), SCENE.headers),
        (lambda message: setattr(message.cells[0], "outcome", pb.CELL_OUTCOME_UNSPECIFIED), SCENE.headers),
        (lambda message: setattr(message.cells[0], "outcome", 3), SCENE.headers),
        (lambda message: withhold(message, 1), SCENE.headers),
        (lambda message: setattr(message.cells[1], "cell_id", "X12000003"), SCENE.headers),
    ],
    ids=[
        "another round",
        "another announcement",
        "another manifest",
        "a group left out",
        "groups out of order",
        "a group twice",
        "headers missing",
        "a header too many",
        "headers out of order",
        "survivors out of order",
        "a survivor twice",
        "a survivor of another group",
        "two of a roster missing where one may be",
        "two missing in the other group",
        "nobody survived",
        "withheld, with survivors",
        "neither released nor withheld",
        "an outcome that does not exist",
        "headers of a withheld group",
        "a group that does not exist",
    ],
)
def test_a_statement_that_opens_too_much_or_does_not_hold_together_is_refused(
    change: Callable[[pb.Statement], object], headers: list[pb.Signed]
) -> None:
    with pytest.raises(Refused):
        stated(change, headers)


def test_a_group_may_be_withheld_and_one_of_its_roster_missing() -> None:
    assert stated(lambda message: withhold(message, 1), NORTHERN).withheld == (SOUTH,)
    fewer = stated(lambda message: release(message, 1, SOUTHERN[1:]), NORTHERN + SOUTHERN[1:])
    assert len(fewer.released[SOUTH]) == 3


def test_without_the_floors_a_sum_of_one_would_be_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control: it is the floors that refuse it, and nothing else."""
    alone = SOUTHERN[:1]
    with pytest.raises(Refused, match="too few survivors"):
        stated(lambda message: release(message, 1, alone), NORTHERN + alone)
    monkeypatch.setattr(statements, "check_floors", lambda *_: None)
    assert len(stated(lambda message: release(message, 1, alone), NORTHERN + alone).released[SOUTH]) == 1


def test_a_roster_below_its_floor_is_not_released_though_all_of_it_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "meets_roster_floor", lambda *_: False)
    with pytest.raises(Refused, match="roster"):
        stated(setting())


def test_only_the_coordinator_states() -> None:
    message = pb.Statement.FromString(SCENE.statement_message.payload)
    for kind, signer in ((Signature.STATEMENT, "X00000001"), (Signature.ANNOUNCE, COORDINATOR)):
        with pytest.raises(Refused, match="did not sign"):
            read_statement(SCENE.say(kind, message, signer), SCENE.headers, SCENE.announce, SCENE.roster, SCENE.epoch)


def test_a_verdict_is_one_choice_of_a_member() -> None:
    member, choice = read_verdict(SCENE.verdicts[0], SCENE.epoch)
    assert (member, choice.commits, choice.statement_hash) == ("X00000001", True, SCENE.statement.hash)
    assert not read_verdict(SCENE.aborts[0], SCENE.epoch)[1].commits


@pytest.mark.parametrize(
    "change",
    [
        lambda verdict: verdict.ClearField("commit"),
        lambda verdict: setattr(verdict.commit, "stmt_hash", bytes(31)),
        lambda verdict: setattr(verdict.commit, "manifest_hash", b""),
        lambda verdict: setattr(verdict, "round_id", bytes(15)),
        lambda verdict: setattr(verdict, "announce_hash", b""),
        lambda verdict: setattr(verdict, "node_id", "X00000002"),
    ],
    ids=["no choice", "short statement hash", "no manifest hash", "short round_id", "no announcement", "another's"],
)
def test_a_verdict_that_is_none_is_refused(change: Callable[[pb.Verdict], object]) -> None:
    with pytest.raises(Refused):
        read_verdict(SCENE.changed(Signature.VERDICT, pb.Verdict, SCENE.verdicts[0], change), SCENE.epoch)


def test_exactly_the_threshold_makes_a_certificate() -> None:
    assert certified(SCENE.verdicts[:7]).statement_hash == SCENE.statement.hash
    assert certified(SCENE.verdicts[3:]).commits
    assert not certified(SCENE.aborts[:7]).commits
    with pytest.raises(Refused, match="threshold"):
        certified(SCENE.verdicts[:6])
    with pytest.raises(Refused, match="threshold"):
        certified([])


def another(verdict: pb.Signed, change: Callable[[pb.Verdict], object]) -> pb.Signed:
    """A verdict of the same member that differs."""
    return SCENE.changed(Signature.VERDICT, pb.Verdict, verdict, change)


def of_another_statement(verdict: pb.Signed) -> pb.Signed:
    """A COMMIT to another statement."""
    return another(verdict, lambda message: setattr(message.commit, "stmt_hash", bytes(32)))


def of_another_manifest(verdict: pb.Signed) -> pb.Signed:
    """A COMMIT under another manifest."""
    return another(verdict, lambda message: setattr(message.commit, "manifest_hash", bytes(32)))


@pytest.mark.parametrize(
    "verdicts",
    [
        [*SCENE.verdicts[:6], SCENE.verdicts[5]],
        [SCENE.verdicts[0]] * 7,
        SCENE.verdicts[:7][::-1],
        [*SCENE.verdicts[:6], SCENE.aborts[6]],
        [*SCENE.verdicts[:6], of_another_statement(SCENE.verdicts[6])],
        [*SCENE.verdicts[:6], of_another_manifest(SCENE.verdicts[6])],
        [*SCENE.verdicts[:9], SCENE.aborts[9]],
        [another(verdict, setting(round_id=bytes(16))) for verdict in SCENE.verdicts],
        [another(verdict, setting(announce_hash=bytes(32))) for verdict in SCENE.verdicts],
        [another(verdict, setting(round_id=bytes(16))) for verdict in SCENE.aborts],
        [*SCENE.verdicts[:6], pb.Signed(payload=SCENE.verdicts[6].payload, sig=bytes(64), signer="X00000007")],
        [*SCENE.verdicts[:6], pb.Signed(payload=SCENE.verdicts[0].payload, sig=SCENE.verdicts[0].sig, signer="X9")],
    ],
    ids=[
        "one member twice",
        "one member seven times",
        "out of order",
        "one aborts",
        "another statement",
        "another manifest",
        "a tenth who aborts",
        "commits of another round",
        "commits under another announcement",
        "aborts of another round",
        "a signature that does not hold",
        "another signer",
    ],
)
def test_a_certificate_of_fewer_or_of_different_decisions_is_refused(verdicts: list[pb.Signed]) -> None:
    """And of another round: an abort certificate is that round's own and no other's (row 27)."""
    with pytest.raises(Refused):
        certified(verdicts)


def test_one_who_is_not_in_the_committee_has_no_vote_and_no_shares() -> None:
    scene = Scene(replace(TEN, committee=7))
    assert scene.epoch.threshold == 5
    message = pb.Verdict.FromString(scene.verdicts[0].payload)
    message.node_id = "X00000008"
    with pytest.raises(Refused, match="not in the committee"):
        read_verdict(scene.say(Signature.VERDICT, message, "X00000008"), scene.epoch)
    reveal = pb.Reveal.FromString(scene.it.reveals[0].payload)
    reveal.node_id = "X00000008"
    with pytest.raises(Refused, match="not in the committee"):
        read_reveal(
            scene.say(Signature.REVEAL, reveal, "X00000008"), scene.announce, scene.roster, scene.statement, scene.epoch
        )


def test_a_survivors_self_mask_and_a_dropped_nodes_key_are_revealed_and_never_both() -> None:
    """Whatever the statement, each owner has at most one kind (row 3)."""
    kinds = {
        entry.node_id: revealed_kind(entry.node_id, SCENE.statement, SCENE.roster) for entry in SCENE.roster.entries
    }
    assert kinds == {
        node_id: pb.SHARE_KIND_A if node_id == "X00000003" else pb.SHARE_KIND_B for node_id in SCENE.it.joins
    }
    assert revealed_kind("X00000006", SCENE.statement, SCENE.roster) is None
    withheld = stated(lambda message: withhold(message, 1), NORTHERN)
    assert revealed_kind("X00000007", withheld, SCENE.roster) is None
    member, shares = revealed(setting())
    assert (member, len(shares)) == ("X00000001", 9)
    assert list(shares) == list(SCENE.it.joins)


def entry(place: int, **fields: object) -> Callable[[pb.Reveal], None]:
    """Changes an entry of a reveal."""
    return lambda reveal: setting(**fields)(reveal.entries[place])


@pytest.mark.parametrize(
    "change",
    [
        entry(0, kind=pb.SHARE_KIND_A),
        entry(2, kind=pb.SHARE_KIND_B),
        entry(0, kind=pb.SHARE_KIND_UNSPECIFIED),
        entry(0, kind=3),
        entry(8, roster_index=9),
        entry(0, roster_index=1),
        entry(1, roster_index=0),
        lambda reveal: reveal.entries.reverse(),
        lambda reveal: reveal.entries.append(pb.RevealEntry(roster_index=8, kind=pb.SHARE_KIND_A, share=bytes(32))),
        entry(0, share=ORDER.to_bytes(32, "little")),
        entry(0, share=bytes(31)),
        entry(0, share=b""),
        setting(stmt_hash=bytes(32)),
        setting(round_id=bytes(16)),
        setting(node_id="X00000002"),
    ],
    ids=[
        "a survivor's key",
        "a dropped node's self-mask",
        "no kind",
        "a kind that does not exist",
        "beyond the roster",
        "one owner twice",
        "the same the other way",
        "out of order",
        "both kinds of one owner",
        "a share that is no element",
        "a short share",
        "no share",
        "another statement",
        "another round",
        "another member",
    ],
)
def test_a_reveal_that_the_statement_does_not_allow_is_refused(change: Callable[[pb.Reveal], object]) -> None:
    with pytest.raises(Refused):
        revealed(change)


def test_a_share_that_does_not_open_may_be_left_out() -> None:
    assert len(revealed(lambda reveal: reveal.entries.pop(4))[1]) == 8
    assert not revealed(lambda reveal: reveal.ClearField("entries"))[1]
