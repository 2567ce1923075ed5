"""The text of a file of the returns, in whichever encoding a council's system wrote it (returns reference 2.3)."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding_of(data: bytes) -> tuple[str, int]:
    """The encoding of a file and the length of its byte-order mark.

    A mark decides; then zero bytes at every second place, which only UTF-16 has; then whether it is UTF-8; cp1252,
    the code page of western Windows, takes anything else.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    sample = data[:512]
    half = len(sample) // 2
    if half and sample[1::2].count(0) > 0.8 * half:
        return "utf-16-le", 0
    if half and sample[0::2].count(0) > 0.8 * half:
        return "utf-16-be", 0
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return "cp1252", 0
    return "utf-8", 0


def decode(data: bytes) -> str:
    """The text of a file, or of its beginning. Bytes that are no text become U+FFFD; nothing fails."""
    encoding, mark = encoding_of(data)
    return data[mark:].decode(encoding, errors="replace")
