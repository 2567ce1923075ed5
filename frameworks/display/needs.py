"""The files an indicator needs, in words: `cin_census@Y-1` is the CIN census of the year before."""

from __future__ import annotations

from collections.abc import Iterable

FILES: dict[str, str] = {
    "cin_census": "CIN census",
    "cin_census.previous_plans": "CIN census, number of previous plans",
    "ssda903": "SSDA903 Header and Episodes",
    "ssda903.header": "SSDA903 Header",
    "ssda903.episodes": "SSDA903 Episodes",
    "ssda903.reviews": "SSDA903 Reviews",
    "ssda903.previous_permanence": "SSDA903 previous permanence",
    "ssda903.dolo": "SSDA903 deprivation of liberty orders",
    "ssda903.oc2": "SSDA903 OC2",
    "ssda903.oc2_offered": "SSDA903 OC2, intervention offered",
    "ssda903.oc3": "SSDA903 OC3",
    "ssda903.missing": "SSDA903 Missing",
    "ssda903.social_worker": "SSDA903 social workers",
    "ssda903.uasc": "SSDA903 UASC",
    "ssda903.ad1": "SSDA903 AD1",
    "ssda903.placed_for_adoption": "SSDA903 placed for adoption",
    "postcodes.directory": "ONS Postcode Directory",
    "postcodes.own_council": "ONS Postcode Directory, the council's own area",
    "education.attendance": "Attendance",
    "education.suspensions": "Suspensions and exclusions",
    "education.attainment": "Attainment",
    "education.school_census": "School census",
    "education.school_moves": "School moves",
    "feedback.invitations": "Feedback: invitations",
    "feedback.answers": "Feedback: answers",
    "families.families": "Supporting Families: families",
    "families.needs": "Supporting Families: needs",
    "ssd.permanence": "SSD permanence",
}
"""The titles of the files, by the name that a need gives them. Annex A lists are titled by their number."""


def file_title(kind: str) -> str:
    """The title of a kind of file, such as `ssda903.oc2`; a kind that has none is shown as it is named."""
    source, _, part = kind.partition(".")
    if source == "annex_a":
        return f"Annex A, {part.replace('_', ' ')}" if part else "Annex A"
    return FILES.get(kind, kind)


def needs_in_words(needs: Iterable[str]) -> tuple[str, ...]:
    """Each file once, with the years that are needed of it: "CIN census (this year and the year before)"."""
    years: dict[str, list[int]] = {}
    for need in needs:
        kind, _, year = need.partition("@Y")
        years.setdefault(kind, []).append(-int(year or 0))
    return tuple(f"{file_title(kind)} ({_years(backs)})" for kind, backs in years.items())


def _years(backs: list[int]) -> str:
    named = {0: "this year", 1: "the year before"}
    words = [named.get(back, f"{back} years before") for back in sorted(set(backs))]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
