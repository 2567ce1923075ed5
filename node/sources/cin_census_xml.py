"""Streams the Child groups of a CIN census file, with everything that XML can do besides holding text turned off.

A census is the council's own file, but it may have been made or changed by anything: no entity is expanded, no DTD,
schema or network address is followed, and a file with a document type declaration is refused before its content.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from lxml import etree

_PROLOG_CHUNK = 512


class UnusableCensus(Exception):
    """A file of which nothing can be used. The text names a line at most, never what stands there."""


def line_of(element: etree._Element) -> int:
    """The line of the file, from 1, where the element starts."""
    return cast("int", element.sourceline)


def _local_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _without_namespace(group: etree._Element) -> etree._Element:
    """The DfE format has no namespace, but some exports add one."""
    if "}" in group.tag:
        for element in group.iter():
            element.tag = _local_name(element)
    return group


def stream_children(path: Path, year: int) -> Iterator[etree._Element]:
    """Yields each Child group in turn, and forgets it when the next is asked for: memory does not grow with the file.

    Raises
    ------
    UnusableCensus
        When the file is not well-formed to its end, declares a document type, is not a CIN census, or its Header names
        another year than `year` (returns reference 3). Children yielded before that must be forgotten.
    """
    try:
        _check_root(path)
        with path.open("rb") as file:
            groups = etree.iterparse(
                file,
                events=("end",),
                tag="{*}Child",
                resolve_entities=False,
                load_dtd=False,
                no_network=True,
                huge_tree=False,
                remove_comments=True,
                remove_pis=True,
                collect_ids=False,
            )
            header_checked = False
            for _, child in groups:
                if not header_checked:
                    _check_year(child.getroottree().getroot(), year)
                    header_checked = True
                yield _without_namespace(child)
                child.clear()
                children = child.getparent()
                while children is not None and children[0] is not child:
                    del children[0]
            if not header_checked:
                _check_year(groups.root, year)
    except etree.XMLSyntaxError as error:
        raise UnusableCensus(f"not well-formed XML at line {error.lineno or 1}") from None
    except OSError:
        raise UnusableCensus("the file cannot be opened") from None


def _check_root(path: Path) -> None:
    """Parses no further than the start of the root element, in small steps."""
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, load_dtd=False, no_network=True)
    with path.open("rb") as file:
        while chunk := file.read(_PROLOG_CHUNK):
            parser.feed(chunk)
            for _, root in cast("Iterator[tuple[str, Any]]", parser.read_events()):
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
