"""The text of a file of the returns, in whichever encoding a council's system wrote it (returns reference 2.3).

No record may move another's: one byte of one child must not change how other children are read (privacy reference
12). So the encoding follows from how the file begins, before any record, and a line is parted and read by itself.
"""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END = {
    "utf-8": re.compile(rb"\r\n|\n|\r"),
    "utf-16-le": re.compile(rb"\r\0\n\0|\n\0|\r\0"),
    "utf-16-be": re.compile(rb"\0\r\0\n|\0\n|\0\r"),
}
"""Line ends are looked for at odd places too: a byte too many in a line ends with it."""


def encoding_of(data: bytes) -> tuple[str, int]:
    """`utf-8`, `utf-16-le` or `utf-16-be`, and the length of the byte-order mark.

    A mark decides. Without one the first character does: that of a row of columns or of XML is a Latin one, of whose
    two bytes in UTF-16 one is zero.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    if len(data) > 1 and (data[0] == 0) != (data[1] == 0):
        return ("utf-16-be" if data[0] == 0 else "utf-16-le"), 0
    return "utf-8", 0


def lines_of(data: bytes) -> list[str]:
    """The lines of a file, or of its beginning, without their ends; at least one.

    Where UTF-16 is not the file's encoding a line is UTF-8 if it can be, else cp1252, the code page of western
    Windows. Bytes that are no text become U+FFFD; nothing fails.
    """
    encoding, mark = encoding_of(data)
    lines = _LINE_END[encoding].split(data[mark:])
    return [_text(line) if encoding == "utf-8" else line.decode(encoding, errors="replace") for line in lines]


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
