"""The node's log: JSON lines with allow-listed fields.

A log line is an unnoised release: nothing computed from records, no duration, no path and no exception text goes in.
A field outside the list is dropped, whatever calls the logger.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

ALLOWED_FIELDS = frozenset({"event", "level", "time", "collection", "release", "code", "version"})
"""Every field a log line may carry."""


def keep_allowed(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drops every field that is not on the list."""
    return {name: value for name, value in line.items() if name in ALLOWED_FIELDS}


def make_logger(output: TextIO | None = None) -> structlog.stdlib.BoundLogger:
    """A logger that writes one JSON object a line, with the time in UTC."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(output or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            keep_allowed,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.BoundLogger,
    )
    return logger
