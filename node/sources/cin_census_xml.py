"""Streams the Child groups of a CIN census file, with everything that XML can do besides holding text turned off.

A census is the council's own file, but it may have been made or changed by anything: no entity is expanded, no DTD,
schema or network address is followed, and a file with a document type declaration is refused before its content.

No record may decide whether a file is used, or how another is read (privacy reference 12). So the file without what its
Children hold must be XML, and so must each group in its place: one that is not is left out, and no other with it. A
group goes from a start tag `Child` to the next end tag, or start tag, of that name, be it in a comment or not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, cast

from lxml import etree

from node.sources.text import encoding_of

_PROLOG_CHUNK = 512
_BLOCK = 256 * 1024
_LONGEST_HEAD = 256 * 1024
_LONGEST_TAIL = 64 * 1024
_LARGEST_GROUP = 4 * 1024 * 1024
_LONGEST_TAG = 128
_LINES_BEFORE = "lines-before"
"""An attribute of ours, at the parent of a group: how many lines of the file its own document leaves out before it."""

_NO_CHILDREN = "it is not a CIN census: no element Children holds its Child groups"

_SAFELY: dict[str, Any] = {"resolve_entities": False, "load_dtd": False, "no_network": True, "huge_tree": False}


class UnusableCensus(Exception):
    """A file of which nothing can be used, whatever its groups. The text names a line at most, never what is there."""


def line_of(element: etree._Element) -> int:
    """The line of the file, from 1, where the element starts."""
    before = next((one.get(_LINES_BEFORE) for one in element.iterancestors() if _LINES_BEFORE in one.attrib), 0)
    return cast("int", element.sourceline) + int(before or 0)


def _local_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _without_namespace(group: etree._Element) -> etree._Element:
    """The DfE format has no namespace, but some exports add one."""
    if "}" in group.tag:
        for element in group.iter():
            element.tag = _local_name(element)
    return group


@dataclass(frozen=True)
class _Markup:
    """What is looked for in the bytes of a file: tags of Children (comments are passed over before the first), tags of
    Child, and the ends of lines."""

    children: re.Pattern[bytes]
    end_of_children: re.Pattern[bytes]
    child: re.Pattern[bytes]
    end_of_child: re.Pattern[bytes]
    line_end: bytes

    @classmethod
    def of(cls, encoding: str) -> _Markup:
        """The patterns as bytes of that encoding: in UTF-16 a zero byte stands at each character."""
        before, after = {"utf-16-be": (rb"\0", b""), "utf-16-le": (b"", rb"\0")}.get(encoding, (b"", b""))

        def one(character: bytes) -> bytes:
            return b"(?:" + before + character + after + b")"

        def tag(mark: str, name: str) -> bytes:
            start, letters = (b"".join(one(letter.encode()) for letter in text) for text in (mark, name))
            return start + b"(?:" + one(rb"[\w.-]") + b"{1,40}" + one(b":") + b")?" + letters

        blank, close = one(rb"\s"), one(b">")
        attributes = b"(?:" + blank + one(b"[^>]") + b"*)?(?<!" + one(b"/") + b")"
        comment = one(b"<") + one(b"!") + one(b"-") * 2 + b".*?(?:" + one(b"-") * 2 + close + rb"|\Z)"
        return cls(
            re.compile(b"(?P<tag>" + tag("<", "Children") + attributes + close + b")|" + comment, re.DOTALL),
            re.compile(tag("</", "Children") + blank + b"*" + close),
            re.compile(tag("<", "Child") + b"(?=" + one(rb"[\s/>]") + b")"),
            re.compile(tag("</", "Child") + blank + b"*" + close),
            "\n".encode(encoding),
        )


def stream_children(path: Path, year: int, left_out: Callable[[int], None]) -> Iterator[etree._Element]:
    """Yields each Child group in turn, in a document of its own: memory does not grow with the file.

    `left_out` is told the line of each group, or remains of one, that is not well-formed XML, or larger than any
    child's (4 MB).

    Raises
    ------
    UnusableCensus
        When the file without what its Children hold is not well-formed XML, declares a document type, is not a CIN
        census, or its Header names another year than `year` (returns reference 3); or when the file cannot be read to
        its end: children yielded before that must be forgotten.
    """
    try:
        with path.open("rb") as file:
            yield from _groups(file, year, left_out)
    except OSError:
        raise UnusableCensus("the file cannot be opened") from None


def _groups(file: BinaryIO, year: int, left_out: Callable[[int], None]) -> Iterator[etree._Element]:
    head = file.read(_LONGEST_HEAD)
    markup = _Markup.of(encoding_of(head)[0])
    opened = next((match for match in markup.children.finditer(head) if match["tag"]), None)
    head = head[: opened.end()] if opened else head
    line = last_of_head = 1 + head.count(markup.line_end)
    end, tail = file.seek(0, os.SEEK_END), b""
    parser = etree.XMLParser(**_SAFELY, remove_comments=True, remove_pis=True, collect_ids=False)
    try:
        _check_root(head)
        if opened:
            end, tail = _tail(file, len(head), markup)
        elif end > len(head):
            raise UnusableCensus(_NO_CHILDREN)
        message = etree.fromstring(head + tail, parser)
    except etree.XMLSyntaxError as error:
        where = f"at line {error.lineno or 1}" if (error.lineno or 1) <= last_of_head else "after the end of Children"
        raise UnusableCensus(f"not well-formed XML {where}") from None
    if message.find(".//{*}Child") is not None:
        raise UnusableCensus(_NO_CHILDREN)
    _check_year(message, year)
    file.seek(len(head))
    for piece in _pieces(file, end, markup.child):
        ends = [match.end() for match in markup.end_of_child.finditer(piece)]
        if markup.child.match(piece):
            child = _child(head + piece[: ends.pop(0) if ends else None] + tail, parser)
            if child is None:
                left_out(line)
            else:
                cast("etree._Element", child.getparent()).set(_LINES_BEFORE, str(line - last_of_head))
                yield _without_namespace(child)
        for place in ends:
            left_out(line + piece.count(markup.line_end, 0, place))
        line += piece.count(markup.line_end)


def _child(document: bytes, parser: etree.XMLParser) -> etree._Element | None:
    try:
        return next(etree.fromstring(document, parser).iter("{*}Child"), None)
    except etree.XMLSyntaxError:
        return None


def _tail(file: BinaryIO, start: int, markup: _Markup) -> tuple[int, bytes]:
    """Where the last end tag of Children stands in a file, and all from there on. Raises UnusableCensus."""
    place = max(start, file.seek(0, os.SEEK_END) - _LONGEST_TAIL)
    file.seek(place)
    rest = file.read(_LONGEST_TAIL)
    ends = [match.start() for match in markup.end_of_children.finditer(rest)]
    if not ends:
        raise UnusableCensus("the file is cut off: the end of Children is missing")
    return place + ends[-1], rest[ends[-1] :]


def _pieces(file: BinaryIO, end: int, group: re.Pattern[bytes]) -> Iterator[bytes]:
    """What stands from each start tag of a group to the next, up to a place in the file; too much of it in parts."""
    kept = b""
    while block := file.read(min(_BLOCK, end - file.tell())):
        kept += block
        starts = [0, *(match.start() for match in group.finditer(kept, 1))]
        for start, following in pairwise(starts):
            yield kept[start:following]
        kept = kept[starts[-1] :]
        if len(kept) > _LARGEST_GROUP:
            yield kept[:-_LONGEST_TAG]
            kept = kept[-_LONGEST_TAG:]
    if kept:
        yield kept


def _check_root(head: bytes) -> None:
    """Parses no further than the start of the root element, in small steps."""
    parser = etree.XMLPullParser(events=("start",), **_SAFELY)
    for place in range(0, len(head), _PROLOG_CHUNK):
        parser.feed(head[place : place + _PROLOG_CHUNK])
        for _, root in cast("Iterable[tuple[str, Any]]", parser.read_events()):
            if root.getroottree().docinfo.doctype:
                raise UnusableCensus("it declares a document type (DOCTYPE), which a census never has")
            if _local_name(root) != "Message":
                raise UnusableCensus("it is not a CIN census: the outermost element is not Message")
            return
    raise UnusableCensus("not well-formed XML at line 1")


def _check_year(message: etree._Element, year: int) -> None:
    details = message.find("{*}Header/{*}CollectionDetails")
    if details is None:
        return
    for element in details:
        written = (element.text or "").strip()[:4]
        if _local_name(element) in {"Year", "ReferenceDate"} and written.isdecimal() and int(written) != year:
            raise UnusableCensus("this is the return of another year")
