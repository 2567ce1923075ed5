"""Which files an indicator needs, and whether a council has them (indicators reference 5.5).

A need is written relative to the reference year Y, such as `cin_census@Y-1`; a file is named with its year, such as
`cin_census@2024`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from frameworks.model import Framework

_NEED = re.compile(r"(?P<file>[a-z0-9_.]+)@Y(?:-(?P<back>[1-9]))?")


def file_needed(need: str, reference_year: int) -> str:
    """The file that a need means in a reference year: `cin_census@Y-1` in 2025 is `cin_census@2024`.

    Raises ValueError for a text that is not a need.
    """
    match = _NEED.fullmatch(need)
    if match is None:
        raise ValueError(f"not a need: {need}")
    return f"{match['file']}@{reference_year - int(match['back'] or 0)}"


def needs_met(needs: Iterable[str], reference_year: int, files: frozenset[str]) -> bool:
    """Whether every need is among `files`."""
    return all(file_needed(need, reference_year) in files for need in needs)


def indicator_needs(framework: Framework, indicator_id: str) -> tuple[str, ...]:
    """The needs of an indicator and of its cohort, each once."""
    indicator = framework.indicator(indicator_id)
    return tuple(dict.fromkeys((*framework.cohort(indicator.cohort).needs, *indicator.needs)))


def all_needs(framework: Framework, indicator_id: str) -> tuple[str, ...]:
    """The needs of an indicator and of its cohort, and what serves in their stead, each once."""
    also = framework.indicator(indicator_id).also_from
    return tuple(dict.fromkeys((*indicator_needs(framework, indicator_id), *also)))


def required_files(framework: Framework, indicator_ids: Iterable[str], reference_year: int) -> frozenset[str]:
    """Every file that some of the indicators need."""
    return frozenset(
        file_needed(need, reference_year)
        for indicator_id in indicator_ids
        for need in indicator_needs(framework, indicator_id)
    )


def missing_files(
    framework: Framework, indicator_id: str, reference_year: int, files: frozenset[str]
) -> tuple[str, ...]:
    """The files without which an indicator cannot be measured; none where `also_from` serves in their stead."""
    also = framework.indicator(indicator_id).also_from
    if also and needs_met(also, reference_year, files):
        return ()
    needed = (file_needed(need, reference_year) for need in indicator_needs(framework, indicator_id))
    return tuple(file for file in needed if file not in files)
