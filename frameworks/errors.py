"""Errors of this room. Every error has a class, a text for the person who sees it, and what to do next."""

from __future__ import annotations


class FrameworkError(Exception):
    """A framework, a definition or a release plan that cannot be used.

    Parameters
    ----------
    problem
        What is wrong, for the person who sees it. Never a value from a child's record.
    next_step
        What that person can do about it.
    """

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.problem} {self.next_step}"


class UnknownFramework(FrameworkError):
    """No framework file of that name is installed."""


class InvalidFramework(FrameworkError):
    """A framework file that does not follow the model."""


class DefinitionRefused(FrameworkError):
    """A definition that is not allowed: the text names the file, the line and the column."""


class InvalidRelease(FrameworkError):
    """A release that cannot be compiled to a plan."""
