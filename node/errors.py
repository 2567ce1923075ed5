"""Errors of the council's side. Every error has a class, a text for the person who sees it, and what to do next.

The exit codes of `newlyn-node` are the classes' own; a script may rely on them:

=====  =====================  ================================================================================
code   class                  means
=====  =====================  ================================================================================
0                             done
1      (not ours)             a fault in the program itself
2      UsageProblem           the command was called wrongly
10     InvalidConfiguration   node.toml or the environment holds something that is not allowed
11     InvitationRefused      the invitation is not one, is used, or has expired
12     NotEnrolled            this node has no certificate yet
13     IdentityRefused        the coordinator, or its certificate, is not the one this node was enrolled with
20     CoordinatorUnreachable no answer from the coordinator; trying again later is right
21     CoordinatorRefused     what the coordinator sent or answered cannot be accepted
22     NotPublished           no benchmark has been published yet
30     ReturnsNotReady        a declared file is not there, or cannot be read as a whole
31     UnreadableReturn       a file of the returns cannot be read
32     WarehouseNotReady      the warehouse cannot be reached or read, or holds no SSD that can be used
40     LedgerLocked           another process has the ledger open
41     LedgerDamaged          the ledger does not verify, or is of an unknown version
42     LedgerRolledBack       the ledger is older than the one the coordinator remembers
43     StorageFailed          the disk is full or failed; nothing was spent or lost beyond what is committed
50     PolicyRefused          this council's policy does not allow the release
51     BudgetExceeded         the release costs more privacy budget than is left
52     PlanRefused            the release plan cannot be carried out by this node
53     ApprovalAwaited        a person has not decided yet
54     ApprovalRefused        a person has refused the plan
55     AlreadyReleased        the release was charged for another plan, or sent, already
56     ApproverRefused        a key that is needed is not there, cannot be opened, or is not a listed approver's
60     ChecksFailed           a check found something in the way
61     NothingSent            the cycle ended with a release that still waits
=====  =====================  ================================================================================
"""

from __future__ import annotations

from typing import ClassVar


class NodeError(Exception):
    """Something this node cannot or will not do.

    Parameters
    ----------
    problem
        What is wrong, for the person who sees it. Never a value from a child's record.
    next_step
        What that person can do about it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.problem} {self.next_step}"


class UsageProblem(NodeError):
    """The command was called wrongly."""

    exit_code = 2


class InvalidConfiguration(NodeError):
    """node.toml or the environment holds something that is not allowed."""

    exit_code = 10


class InvitationRefused(NodeError):
    """The invitation is not one, is used, or has expired."""

    exit_code = 11


class NotEnrolled(NodeError):
    """This node has no certificate yet."""

    exit_code = 12


class IdentityRefused(NodeError):
    """The coordinator, or its certificate, is not the one this node was enrolled with."""

    exit_code = 13


class CoordinatorUnreachable(NodeError):
    """No answer from the coordinator."""

    exit_code = 20


class CoordinatorRefused(NodeError):
    """What the coordinator sent or answered cannot be accepted."""

    exit_code = 21


class NotPublished(NodeError):
    """No benchmark has been published yet."""

    exit_code = 22


class ReturnsNotReady(NodeError):
    """A declared file is not there, or cannot be read as a whole."""

    exit_code = 30


class UnreadableReturn(NodeError):
    """A file of the returns cannot be read."""

    exit_code = 31


class WarehouseNotReady(ReturnsNotReady):
    """The warehouse cannot be reached or read, or does not hold what it stands in for."""

    exit_code = 32


class LedgerLocked(NodeError):
    """Another process has the ledger open."""

    exit_code = 40


class LedgerDamaged(NodeError):
    """The ledger does not verify, or is of an unknown version."""

    exit_code = 41


class LedgerRolledBack(NodeError):
    """The ledger is older than the one the coordinator remembers."""

    exit_code = 42


class StorageFailed(NodeError):
    """The disk is full or failed; nothing was spent or lost beyond what is committed."""

    exit_code = 43


class PolicyRefused(NodeError):
    """This council's policy does not allow the release."""

    exit_code = 50


class BudgetExceeded(NodeError):
    """The release costs more privacy budget than is left."""

    exit_code = 51


class PlanRefused(NodeError):
    """The release plan cannot be carried out by this node."""

    exit_code = 52


class ApprovalAwaited(NodeError):
    """A person has not decided yet."""

    exit_code = 53


class ApprovalRefused(NodeError):
    """A person has refused the plan."""

    exit_code = 54


class AlreadyReleased(NodeError):
    """The release was charged for another plan, or sent, already."""

    exit_code = 55


class ApproverRefused(NodeError):
    """A key that is needed is not there, cannot be opened, or is not a listed approver's."""

    exit_code = 56


class ChecksFailed(NodeError):
    """A check found something in the way."""

    exit_code = 60


class NothingSent(NodeError):
    """The cycle ended with a release that still waits."""

    exit_code = 61
