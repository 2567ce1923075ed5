"""Where a CIN census departs from the sector's XSD of its year: a report for the council, never a refusal.

Public samples and real returns depart from it everywhere (returns reference 3), and are read all the same.
"""

from __future__ import annotations

from copy import deepcopy
from importlib import resources
from typing import Any, cast

from lxml import etree

from node.sources.cin_census_xml import line_of
from node.sources.report import ReportBuilder

FIRST_YEAR, LAST_YEAR = 2017, 2026

_KINDS = {
    "SCHEMAV_CVC_ENUMERATION_VALID": "not a code of the year's list",
    "SCHEMAV_CVC_PATTERN_VALID": "not of the form asked for",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "not of the form asked for",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "below the least value allowed",
    "SCHEMAV_CVC_MINLENGTH_VALID": "blank",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "text where only elements may stand",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "an attribute that is not allowed",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "an attribute that is not allowed",
}
_MISSING_ELEMENT = "an element that must stand in it is missing"
_UNEXPECTED_ELEMENT = "not expected at this place"
_OTHER_DEPARTURE = "departs from the schema"


class SchemaCheck:
    """Checks the Child groups of one file, one at a time, against the XSD of a year.

    A year without an XSD takes the nearest. Each departure is reported as a line and an element of the schema with a
    reason from a closed list: the validator's own messages quote values, and are never passed on.
    """

    def __init__(self, year: int, file: str, report: ReportBuilder) -> None:
        nearest = min(max(year, FIRST_YEAR), LAST_YEAR)
        text = (resources.files("node.sources") / "xsd" / f"CIN_schema_{nearest}.xsd").read_bytes()
        definition = etree.fromstring(text)
        self._schema = etree.XMLSchema(definition)
        self._known_names = frozenset(element.get("name") for element in definition.iter("{*}element"))
        self._file = file
        self._report = report
        self._header_due = True

    def check(self, child: etree._Element) -> None:
        """Reports where a Child group, and the Header before the first one, depart from the schema."""
        message = etree.Element("Message")
        originals: list[etree._Element] = []
        if self._header_due:
            self._header_due = False
            for header in child.getroottree().getroot().iterfind("{*}Header"):
                message.append(deepcopy(header))
                originals.extend(header.iter())
        # A copy, because the parser is still building the document that the group stands in.
        children = etree.SubElement(message, "Children")
        children.append(deepcopy(child))
        originals.extend(child.iter())
        if self._schema.validate(message):
            return
        copies = [element for element in message.iter() if element is not message and element is not children]
        lines = {copy: line_of(original) for copy, original in zip(copies, originals, strict=True)}
        # Looked up rather than asked for: a path may hold prefixes that an XPath would have to be told.
        by_path = {message.getroottree().getpath(element): element for element in message.iter()}
        for error in cast("Any", self._schema.error_log):
            element = by_path[error.path]
            shown = element.tag if element.tag in self._known_names else "an element unknown to the schema"
            self._report.schema_fault(self._file, lines.get(element, line_of(child)), f"{shown}: {_kind(error)}")


def _kind(error: Any) -> str:
    if error.type_name == "SCHEMAV_ELEMENT_CONTENT":
        return _MISSING_ELEMENT if "Missing child element" in error.message else _UNEXPECTED_ELEMENT
    return _KINDS.get(error.type_name, _OTHER_DEPARTURE)
