"""Returns of a council, and of the same council with one child more or less, or with something wrong in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from frameworks.catalogue import load_framework
from frameworks.collection import Collection
from frameworks.plan import ReleaseRequest, compile_plan
from tests.node import census_xml as census
from tests.node.small_release import NOW
from tests.node.ssda903_csv import EPISODES, HEADER, MISSING, OC2, child, csv_text, episode

FRAMEWORK = load_framework("outcomes-2019")
DECLARED = frozenset({"ssda903@2025", "ssda903.oc2@2025", "ssda903.missing@2025", "cin_census@2025"})
REQUEST = ReleaseRequest(
    id="headlines",
    mode="council",
    indicators=(
        "cla_31_march",
        "placed_foster",
        "missing_cla",
        "sdq_mean",
        "convicted",
        "placements_mean",
        "cin_open_31_march",
        "referrals",
    ),
    breakdowns=("sex", "age_band"),
    rho_units=20_000_000_000,
)
COLLECTION = Collection(
    id="2025-annual",
    framework_id=FRAMEWORK.id,
    framework_version=FRAMEWORK.version,
    framework_digest=FRAMEWORK.digest,
    reference_year=2025,
    opens_at=NOW - timedelta(days=1),
    closes_at=NOW + timedelta(days=30),
    releases=(REQUEST,),
)
PLAN = compile_plan(FRAMEWORK, COLLECTION.id, 2025, REQUEST)

CHILDREN = tuple(f"Q{number}" for number in range(12))
_REFERRED = census.details("2024-06-01", census.assessment("2024-06-01", "2024-07-01"))


def _census(*children: str) -> str:
    return census.message(2025, *children)


def files_of(*children: str) -> dict[str, str]:
    """The returns of a council that looks after these children, and has had a referral of each."""
    return {
        "2025/header.csv": csv_text(HEADER, *(child(name) for name in children)),
        "2025/episodes.csv": csv_text(EPISODES, *(episode(name, "01/06/2023") for name in children)),
        "2025/oc2.csv": csv_text(OC2, *(f"{name},01/01/2015,12,,0,1,1,1,1,0,0,0" for name in children)),
        "2025/missing.csv": csv_text(MISSING, *(f"{name},01/01/2015,M,01/07/2024,03/07/2024" for name in children)),
        "2025/census.xml": _census(*(census.child(name, _REFERRED) for name in children)),
    }


BASE = files_of(*CHILDREN)
_BASE_CENSUS = [census.child(name, _REFERRED) for name in CHILDREN]


def _with(name: str, content: str | bytes) -> dict[str, str | bytes]:
    return {**BASE, name: content}


def _more(name: str, *rows: str) -> dict[str, str | bytes]:
    return _with(name, BASE[name] + "".join(f"{row}\n" for row in rows))


_HEADER, _EPISODES = "2025/header.csv", "2025/episodes.csv"
_UMLAUTS = files_of(*(name.replace("Q", "\u00dc") for name in CHILDREN))
_WIDE = BASE[_HEADER].encode("utf-16-le")


def _after_the_columns(row: bytes) -> bytes:
    end = "\n".encode("utf-16-le")
    return _WIDE.replace(end, end + row + end, 1)


def _half_later(later: int) -> dict[str, str | bytes]:
    """Twenty children whose episode stays within the year, and some whose episode ends after it."""
    rows = [episode(f"Q{number}", "01/06/2023") for number in range(20)]
    rows += [episode(f"R{number}", "01/06/2023", "01/06/2025", rec="E4A") for number in range(later)]
    return _with(_EPISODES, csv_text(EPISODES, *rows))


def _few_within(within: int) -> dict[str, str | bytes]:
    """More than a hundred children whose episode was long before, and a few of the year."""
    rows = [episode(f"R{number}", "01/06/2010", "01/07/2010", rec="E4A") for number in range(114)]
    rows += [episode(f"Q{number}", "01/06/2024") for number in range(within)]
    return _with(_EPISODES, csv_text(EPISODES, *rows))


def _one_more_in_the_census(group: str) -> dict[str, str | bytes]:
    return _with("2025/census.xml", _census(*_BASE_CENSUS, group))


DAMAGED_GROUPS: dict[str, Mapping[str, str | bytes]] = {
    "a census child with a control character": _one_more_in_the_census(census.child("Q99\x01", _REFERRED)),
    "a census child with a bare ampersand": _one_more_in_the_census(census.child("Q & 99", _REFERRED)),
    "a census child with a tag too many": _one_more_in_the_census(census.child("Q99</Child>", _REFERRED)),
    "a census child without its start": _one_more_in_the_census(census.child("Q99", _REFERRED)[len("<Child>") :]),
    "a census child without its end": _one_more_in_the_census(census.child("Q99", _REFERRED)[: -len("</Child>\n")]),
    "a census child in a comment that does not end": _one_more_in_the_census(census.child("Q99", f"<!-- {_REFERRED}")),
    "a census child with eleven megabytes of text": _one_more_in_the_census(census.child("Q" * 11_000_000, _REFERRED)),
    "a census child nested a thousand deep": _one_more_in_the_census(
        census.child("Q99", "<a>" * 1_000 + "</a>" * 1_000)
    ),
    "the first census child damaged": _with(
        "2025/census.xml", _census(census.child("Q99", "&")[len("<Child>") :], *_BASE_CENSUS)
    ),
}
"""What differs from `BASE` where one child's group in the census is no XML."""

OTHERS: dict[str, Mapping[str, str | bytes]] = {
    "one child less": files_of(*CHILDREN[:-1]),
    "one child more": files_of(*CHILDREN, "Q99"),
    "one malformed row": _more("2025/episodes.csv", episode("Q99", "31/02/2024")),
    "a date of birth that cannot be read": _more("2025/header.csv", child("Q99", born="sometime in May")),
    "a date of birth to come": _more("2025/header.csv", child("Q99", born="01/01/2099")),
    "an episode that ends before it begins": _more("2025/episodes.csv", episode("Q99", "01/06/2024", "01/01/1999")),
    "a row of too few columns": _more("2025/header.csv", "Q99,2"),
    "a row of too many columns": _more("2025/header.csv", child("Q99") + ",1,2,3"),
    "a row without a child": _more("2025/header.csv", child("")),
    "a quote that is not closed": _more("2025/header.csv", '"Q99,2,01/01/2015,WBRI,UN1,,'),
    "bytes that are no text": BASE
    | {"2025/header.csv": BASE["2025/header.csv"].encode() + b"Q99,2,\x00\xff\xfe,,,,\n"},
    "a child twice": _more("2025/header.csv", child("Q1", sex="1", born="01/01/2009")),
    "a child whose id is very long": _more("2025/header.csv", child("Q" * 100_000)),
    "a child in no file but one": _more("2025/oc2.csv", "Q99,01/01/2015,12,,0,1,1,1,1,0,0,0"),
    "a row in another encoding": BASE
    | {"2025/header.csv": BASE["2025/header.csv"].encode() + child("Q\xe9").encode("cp1252")},
    "a row with one byte too many": BASE
    | {"2025/episodes.csv": BASE["2025/episodes.csv"].encode() + episode("Q99", "01/06/2023").encode() + b"\0\n"},
    "a code that is none": _more("2025/header.csv", child("Q99", sex="X", ethnic="ZZZZ")),
    "a value far outside its bounds": _more("2025/oc2.csv", "Q1,01/01/2015,4000000000,,1,1,1,1,1,0,0,0"),
    "more events than are counted": _more(
        "2025/missing.csv", *(f"Q1,01/01/2015,M,{day:02}/08/2024,{day:02}/08/2024" for day in range(1, 29))
    ),
    "a file without rows": _with("2025/missing.csv", csv_text(MISSING)),
    "no children at all": files_of(),
    "a census child without an id": _one_more_in_the_census(census.child("", _REFERRED)),
    "a census child without characteristics": _one_more_in_the_census(
        f"<Child><ChildIdentifiers><LAchildID>Q99</LAchildID></ChildIdentifiers>{_REFERRED}</Child>"
    ),
    "a referral without a date": _one_more_in_the_census(census.child("Q99", census.details(""))),
    "a referral on a day there is not": _one_more_in_the_census(census.child("Q99", census.details("2024-02-31"))),
    "a census child twice": _one_more_in_the_census(census.child("Q1", _REFERRED, ethnicity="BCRB")),
    "a great many referrals of one child": _one_more_in_the_census(
        census.child("Q99", *(census.details(f"2024-{month:02}-03") for month in range(4, 13)))
    ),
    **DAMAGED_GROUPS,
}
"""What differs from `BASE`, by what it is."""

NEAR_THE_EDGE: dict[str, tuple[Mapping[str, str | bytes], Mapping[str, str | bytes]]] = {
    "ids that another encoding changes": (
        _UMLAUTS,
        _UMLAUTS | {_HEADER: _UMLAUTS[_HEADER].encode() + b"Q99,2,\xe9,,,,\n"},
    ),
    "UTF-16 with one byte too many": (
        BASE | {_HEADER: _WIDE},
        BASE | {_HEADER: _after_the_columns("Q99,2".encode("utf-16-le") + b"\0")},
    ),
    "UTF-16 without a mark": (
        BASE | {_HEADER: _WIDE},
        BASE | {_HEADER: _after_the_columns(child("漢" * 300).encode("utf-16-le"))},
    ),
    "all episodes of a later year but one": (
        BASE | {_EPISODES: csv_text(EPISODES, *(episode(name, "01/06/2025") for name in CHILDREN))},
        BASE
        | {
            _EPISODES: csv_text(
                EPISODES, *(episode(name, "01/06/2025") for name in CHILDREN), episode("Q99", "01/06/2023")
            )
        },
    ),
    "half of the episodes of a later year": (_half_later(20), _half_later(21)),
    "a twentieth of the episodes within the year": (_few_within(6), _few_within(5)),
}
"""Pairs of councils that differ in one child, where a rule over all rows of a file would be at its edge."""

OTHER_RECORDS = (
    "a child twice",
    "a value far outside its bounds",
    "more events than are counted",
    "a census child twice",
)
"""Of these: a child is in both councils, and its records are others."""

MANY_CHILDREN = ("a file without rows", "no children at all")
"""Of these: more than one child is."""
