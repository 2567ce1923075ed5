"""Public reference data: the ONS codes of the councils of England. Origin: LICENCE.md beside it."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def _ons_codes() -> dict[str, str]:
    text = files(__package__).joinpath("council_codes.csv").read_text(encoding="utf-8")
    return {row["la_code"]: row["ons_code"] for row in csv.DictReader(text.splitlines())}


def council_ons_code(council_code: str) -> str | None:
    """The ONS code of a council by its three-digit code; None for a code that is no council's."""
    return _ons_codes().get(council_code)


def council_ons_codes() -> frozenset[str]:
    """The ONS codes of every council."""
    return frozenset(_ons_codes().values())
