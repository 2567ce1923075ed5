"""The lists of Ofsted's Annex A that are read: their columns under any of the headings in use, and their values.

Values come as spreadsheets hold them: dates as dates, numbers or text, ids as numbers, codes with a letter before
("a) Male") or words behind ("U6: Foster placement - not FFA"), or as words alone. Headings and spellings: returns
reference 4, and the public Annex A schema of the LIIA tools (Social Finance Digital Labs, MIT).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from node.sources.characteristics import ETHNICITY_CODES
from node.sources.ssda903_columns import END_REASONS, LEGAL_STATUSES, PLACES

_WORD_BREAK = re.compile(r"[^a-z0-9]+")
_LETTERED = re.compile(r"^[a-z]{1,2}\)\s*", re.IGNORECASE)
_BLANKS = frozenset(("", "-", "--", ".", "N/A", "NA", "NAN", "NULL", "NONE", "<BLANK>", "(BLANK)"))
_CELL_ERROR = re.compile(r"#[A-Z/0]+[!?]?")
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")
_DATE_FORMS = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%Y/%m/%d")
_SPREADSHEET_DAY_0 = date(1899, 12, 30)
_TOLD_WITHIN = 300
"""Characters of a text within which its code or words are looked for, however much a cell holds."""
_EARLIEST, _LATEST = date(1900, 1, 1), date(2100, 12, 31)


class NotRead(Exception):
    """A value that cannot be read. The text is one of the reasons below, never the value."""


NOT_A_DATE = "not a date"
NOT_A_CODE = "code not in the list"
NOT_A_NUMBER = "not a whole number"


def heading(text: str) -> str:
    """A column heading in small letters and single blanks, without punctuation."""
    return _WORD_BREAK.sub(" ", text.lower().replace("’", "'").replace("'s", "s")).strip()


def text_of(value: Any) -> str | None:
    """A value as text; None for blanks, in any of the ways in which councils write them, and for a cell's error."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).replace("\xa0", " ").strip()
    return None if text.upper() in _BLANKS or _CELL_ERROR.fullmatch(text) else text


def child_id(value: Any) -> str | None:
    """An id in capitals, without what a spreadsheet adds to a number."""
    text = text_of(value)
    return text.upper() if text else None


def day(value: Any) -> date | None:
    """A date, from a date, a text of several forms, or the number that stands for one in a spreadsheet."""
    text = text_of(value)
    if text is None:
        return None
    found: date | None = None
    if isinstance(value, datetime):
        found = value.date()
    elif isinstance(value, date):
        found = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if 1 <= value < 80_000:
            found = _SPREADSHEET_DAY_0 + timedelta(days=int(value))
    else:
        found = _day_from_text(_TIME.sub("", text))
    if found is None or not _EARLIEST <= found <= _LATEST:
        raise NotRead(NOT_A_DATE)
    return found


def _day_from_text(text: str) -> date | None:
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def whole_number(value: Any) -> int | None:
    """A whole number from 0 to 999."""
    text = text_of(value)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", text):
        raise NotRead(NOT_A_NUMBER)
    return int(text)


def _coded(codes: frozenset[str], words: Mapping[str, str]) -> Callable[[Any], str | None]:
    """Reads one of `codes`, wherever it stands in the text; or the code of the first of `words` that the text holds."""
    listed = "|".join(sorted(codes, key=len, reverse=True))
    code = re.compile(rf"(?<![A-Z0-9])({listed})(?:IN|OUT)?(?![A-Z0-9])")

    def read(value: Any) -> str | None:
        text = text_of(value)
        if text is None:
            return None
        text = _LETTERED.sub("", text[:_TOLD_WITHIN]).strip()
        found = code.search(text.upper())
        if found:
            return found[1]
        return _by_words(text, words)

    return read


def _by_words(text: str, words: Mapping[str, str]) -> str:
    plain = heading(text)
    for word, code in words.items():
        if re.search(word, plain):
            return code
    raise NotRead(NOT_A_CODE)


def sex(value: Any) -> str | None:
    """M, F, or U for anything else."""
    text = text_of(value)
    plain = heading(_LETTERED.sub("", text)) if text else ""
    if plain in ("male", "m", "1", "1 male"):
        return "M"
    return "F" if plain in ("female", "f", "2", "2 female") else "U"


ethnicity = _coded(
    ETHNICITY_CODES,
    {
        r"refused|declined": "REFU",
        r"not (yet )?(obtained|known|stated|recorded|given)|unknown|information": "NOBT",
        r"mixed|multiple|dual|white and (black|asian)": "MOTH",
        r"chinese": "CHNE",
        r"asian|indian|pakistani|bangladeshi": "AOTH",
        r"black|african|caribbean": "BOTH",
        r"white|british|english|welsh|scottish|irish|traveller|gypsy|roma": "WOTH",
        r"other|arab": "OOTH",
    },
)
legal_status = _coded(LEGAL_STATUSES, {})
place = _coded(
    PLACES,
    {
        r"foster": "U6",
        r"placed for adoption": "A6",
        r"secure": "K1",
        r"residential accommodation|supported accommodation|independent accommodation": "K3",
        r"childrens home": "K2",
    },
)
end_reason = _coded(END_REASONS, {})
closure_reason = _coded(
    frozenset(f"RC{number}" for number in range(1, 10)),
    {
        r"after .*assessment.*early help": "RC9",
        r"(after|following) .*assessment": "RC8",
        r"adopted": "RC1",
        r"\b(died|death|deceased)\b": "RC2",
        r"residence order|child arrangements? order": "RC3",
        r"special guardianship": "RC4",
        r"another|other local authority": "RC5",
        r"adult": "RC6",
        r".": "RC7",
    },
)
eligibility = _coded(
    frozenset(("RELEVANT", "ELIGIBLE", "QUALIFYING")),
    {r"^f?r$": "RELEVANT", r"^q$": "QUALIFYING", r"^e$": "ELIGIBLE", r"other": "OTHER"},
)
in_touch = _coded(
    frozenset(("DIED", "REFU", "NREQ", "RHOM")),
    {
        r"\b(died|death)\b": "DIED",
        r"returned": "RHOM",
        r"refuse": "REFU",
        r"no longer requires": "NREQ",
        r"\b(no|n)\b|not in touch": "NO",
        r"\b(yes|y)\b|in touch": "YES",
    },
)
suitability = _coded(
    frozenset(("1", "2")),
    {r"unsuitable|not suitable|not considered|\bno?\b|false": "2", r"suitable|\by(es)?\b|true": "1"},
)
activity = _coded(
    frozenset(["G4", "G5", "G6", *(f"{time}{number}" for time in "FP" for number in range(1, 6))]),
    {
        r"illness|disab": "G4",
        r"pregnan|parenting": "G6",
        r"not in education|\bneet\b": "G5",
        r"full time.*(other|not).*higher": "F2",
        r"part time.*(other|not).*higher": "P2",
        r"full time.*higher": "F1",
        r"part time.*higher": "P1",
        r"full time.*not (an )?apprentice": "F5",
        r"part time.*not (an )?apprentice": "P5",
        r"full time.*apprentice": "F4",
        r"part time.*apprentice": "P4",
        r"full time.*(training|employment)": "F5",
        r"part time.*(training|employment)": "P5",
    },
)

_ACCOMMODATION_LETTER = re.compile(r"^\(?([BCDEGHKRSTUVWXYZ])\d?(?![A-Z0-9])")
_ACCOMMODATION_WORDS = {
    r"foster carer|staying put": "Z",
    r"parents?|relatives?|family|friends": "B",
    r"community home|residential": "C",
    r"semi independent|transitional|self contained": "D",
    r"supported lodgings": "E",
    r"abroad": "G",
    r"deported": "H",
    r"lodgings": "K",
    r"not known|unknown|whereabouts": "R",
    r"no fixed abode|homeless": "S",
    r"foyer": "T",
    r"independent": "U",
    r"emergency": "V",
    r"bed and breakfast": "W",
    r"custody|prison": "X",
    r"other": "Y",
}


def accommodation(value: Any) -> str | None:
    """The letter of the kind of accommodation (SSDA903, ACCOM)."""
    text = text_of(value)
    if text is None:
        return None
    text = text[:_TOLD_WITHIN]
    letter = _ACCOMMODATION_LETTER.match(text.upper())
    return letter[1] if letter else _by_words(_LETTERED.sub("", text), _ACCOMMODATION_WORDS)


@dataclass(frozen=True)
class Column:
    """A column of a list. `headings` are its names as `heading` gives them, the official one first.

    A sheet is a list's when it has all columns that `tells`; a row without an `essential` value is not used; `happened`
    marks the day of something that had happened when the workbook was made.
    """

    name: str
    read: Callable[[Any], Any]
    headings: tuple[str, ...]
    tells: bool = False
    essential: bool = False
    happened: bool = False


def _telling(name: str, read: Callable[[Any], Any], *headings: str, essential: bool = False) -> Column:
    return Column(name, read, headings, tells=True, essential=essential, happened=read is day)


def _happened(name: str, *headings: str) -> Column:
    return Column(name, day, headings, happened=True)


_CHILD = (
    Column(
        "child_id",
        child_id,
        ("child unique id", "child id", "unique child id", "childs unique id", "child unique identifier", "unique id"),
        tells=True,
        essential=True,
    ),
    Column("sex", sex, ("sex", "gender"), tells=True),
    Column("ethnicity", ethnicity, ("ethnicity", "ethnic origin", "ethnic background", "ethnic group")),
    Column("date_of_birth", day, ("date of birth", "dob", "childs date of birth", "d o b"), tells=True),
)

LISTS: dict[int, tuple[Column, ...]] = {
    3: (
        *_CHILD,
        _telling("start_date", day, "date of referral", "referral date"),
        Column("no_further_action", text_of, ("referral nfa", "nfa"), tells=True),
    ),
    4: (
        *_CHILD,
        _telling("start_date", day, "continuous assessment start date", "assessment start date"),
        _telling(
            "end_date",
            day,
            "continuous assessment date of authorisation",
            "assessment date of authorisation",
            "assessment authorisation date",
        ),
    ),
    5: (
        *_CHILD,
        _telling(
            "start_date",
            day,
            "strategy discussion initiating section 47 enquiry start date",
            "section 47 enquiry start date",
            "strategy discussion date",
        ),
    ),
    6: (
        *_CHILD,
        _telling("start_date", day, "cin start date", "child in need start date", essential=True),
        _telling("end_date", day, "cin closure date", "child in need closure date"),
        Column(
            "end_reason", closure_reason, ("reason for closure", "closure reason", "cin closure reason"), tells=True
        ),
        Column("status", text_of, ("case status", "status of case"), tells=True),
        _happened("last_seen", "date child was last seen", "date last seen"),
    ),
    7: (
        *_CHILD,
        _telling("start_date", day, "child protection plan start date", "cp plan start date", essential=True),
        _telling("end_date", day, "child protection plan end date", "cp plan end date"),
        Column(
            "previous_plans",
            whole_number,
            ("number of previous child protection plans", "number of previous cp plans", "previous cp plans"),
            tells=True,
        ),
        _happened("last_visit", "date of the last statutory visit", "date of last statutory visit"),
        _happened("last_review", "date of latest review conference", "date of the latest review conference"),
    ),
    8: (
        *_CHILD,
        _telling(
            "start_date",
            day,
            "date started to be looked after",
            "date child started to be looked after",
            "date started being looked after",
            essential=True,
        ),
        Column("legal_status", legal_status, ("childs legal status", "legal status", "child legal status"), tells=True),
        _telling("end_date", day, "date ceased to be looked after", "date child ceased to be looked after"),
        Column(
            "end_reason", end_reason, ("reason ceased to be looked after", "reason child ceased to be looked after")
        ),
        Column("place", place, ("placement type", "type of placement"), tells=True),
        _happened("placed_date", "start date of most recent placement", "placement start date"),
        _happened("last_visit", "date of last social work visit", "date of the last social work visit"),
        _happened("last_review", "date of latest statutory review", "date of the latest statutory review"),
    ),
    9: (
        *_CHILD,
        Column("eligibility", eligibility, ("eligibility category", "eligibility"), tells=True, essential=True),
        Column("in_touch", in_touch, ("la in touch", "in touch", "local authority in touch"), tells=True),
        Column("accommodation", accommodation, ("type of accommodation", "accommodation type"), tells=True),
        Column("suitability", suitability, ("suitability of accommodation", "accommodation suitability"), tells=True),
        Column("activity", activity, ("activity status", "activity"), tells=True),
        _happened("last_contact", "latest date of contact", "date of latest contact"),
        _happened("last_plan_review", "latest pathway plan review date", "date of latest pathway plan review"),
    ),
}
"""The columns that are read of each list; any other is ignored."""
