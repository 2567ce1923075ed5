"""Several files as one input that a person can read and a mutator can cut up: each after a line `==== <name>`."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEAD = re.compile(rb"^==== ([^\r\n]{1,80})\n", re.MULTILINE)


def bundled(files: Iterable[tuple[str, bytes]]) -> bytes:
    """The input of some files with their names, in order; each but the last gets a line end if it has none."""
    *before, last = (b"==== " + name.encode() + b"\n" + content for name, content in files)
    ended = (content if content.endswith(b"\n") else content + b"\n" for content in before)
    return b"".join([*ended, last])


def unbundled(data: bytes) -> list[tuple[str, bytes]]:
    """The files of an input, in order. Names are whatever stands there; an input without any is one file, named ""."""
    before, *rest = _HEAD.split(data)
    files = [(name.decode(errors="replace"), content) for name, content in zip(rest[::2], rest[1::2], strict=True)]
    return [("", before), *files] if before or not files else files
