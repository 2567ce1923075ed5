"""Errors of the coordinator's operator: each has a class, a numbered exit code, a text, and what to do next.

What a council's node may see of a refused call is another list, in `coordinator.refusals`. Exit codes are stable:
they may be used in scripts.

====  =========================================================
code  meaning
====  =========================================================
0     done
2     the command was used in a way that cannot work
10    coordinator.toml or the environment is not valid
11    the folder is not a coordinator's, or already is one
12    the database is of another version, damaged or unreachable
13    the enrolment authority's key or certificate is missing or unfit
14    no council, invitation or enrolment of that name
20    the collection file is not valid, or cannot be compiled
21    no collection of that name
22    the collection is not in the state that the command needs
23    no round of that id
24    a round that cannot be announced, or not be aborted any more
25    an epoch that cannot be made, signed or published, or the transcript of a round that does not hold
30    the server could not start
====  =========================================================
"""

from __future__ import annotations

from typing import ClassVar


class CoordinatorError(Exception):
    """Something the operator can put right.

    Parameters
    ----------
    problem
        What is wrong. Never a value of a summary.
    next_step
        What the operator can do about it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.problem} {self.next_step}"


class UsageProblem(CoordinatorError):
    """Options that cannot work together, or a file that is not what the option needs."""

    exit_code = 2


class InvalidConfiguration(CoordinatorError):
    """A configuration that cannot be read, holds an unknown key, or a value that is not allowed."""

    exit_code = 10


class NotACoordinator(CoordinatorError):
    """A folder without (or, for `init`, already with) a coordinator's files."""

    exit_code = 11


class StorageFailed(CoordinatorError):
    """A database of an unknown schema version, or one that cannot be used."""

    exit_code = 12


class AuthorityUnavailable(CoordinatorError):
    """The enrolment authority's key or certificate is missing or unfit."""

    exit_code = 13


class UnknownCouncil(CoordinatorError):
    """A council code that is not England's, or of which nothing is known here."""

    exit_code = 14


class InvalidCollection(CoordinatorError):
    """A collection file that does not follow the model, or whose releases cannot be compiled."""

    exit_code = 20


class UnknownCollection(CoordinatorError):
    """No collection of that id has been opened here."""

    exit_code = 21


class WrongState(CoordinatorError):
    """A collection that is not in the state the command needs."""

    exit_code = 22


class UnknownRound(CoordinatorError):
    """No round of that id has been announced here."""

    exit_code = 23


class RoundNotPossible(CoordinatorError):
    """A round that cannot be announced as asked, or that can no longer be aborted."""

    exit_code = 24


class EpochNotAccepted(CoordinatorError):
    """An epoch that cannot be made, signed or published as it is, or a transcript that does not hold."""

    exit_code = 25


class ServerFailed(CoordinatorError):
    """The server could not start, such as on a port that is taken."""

    exit_code = 30
