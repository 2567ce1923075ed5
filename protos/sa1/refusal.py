"""Why a message of the protocol is not accepted."""

from __future__ import annotations


class Refused(Exception):
    """A message that a participant who follows the protocol would not have sent, or that does not concern this one.

    The text names the rule that is broken, and never holds content.
    """
