"""A plain mutator: seeded, without coverage, knowing what the files of councils and of frameworks are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.bundle import bundled, unbundled
from tests.fuzz.watch import CANARY

MAXIMUM_BYTES = 60_000

_FIELD = re.compile(rb"[^,;\t|\r\n<>\"'=\[\]]+")
_TEXT = re.compile(rb"(?<=>)[^<>\n]+(?=</)")
_LINE = re.compile(rb"[^\n]*\n?")

TOKENS: tuple[bytes, ...] = tuple(
    text.encode()
    for text in (
        CANARY,
        *(f"{CANARY} O'Neil", f'"{CANARY}', f"{CANARY}%s{{0}}", f"${CANARY}", f"[red]{CANARY}", f"={CANARY}()"),
        *('"', '""', "'", ",", ",,,,,,,,", ";", "\t", "|", "\n", "\r", "\r\n", "\n\n", " ", "\xa0", "\u3000"),
        *("\0", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u2028", "\ufeff", "\ufffd", "\x1b[31m", "\x7f"),
        *("ß", "İ", "ﬁ", "e\u0301", "\U0001f9d2", "\u202e", "٣", "²", "Ⅻ", "\U000e0041"),
        *("29/02/2023", "29/02/2024", "31/03/2025", "01/04/2025", "00/00/0000", "01/01/0001", "31/12/9999", "1/1/25"),
        *("2024-02-30", "2025-03-31", "0000-00-00", "0001-01-01", "9999-12-31", "1582-10-10", "+2025-1-1", "20250331"),
        *(
            "2025-03-31T00:00:00+23:59",
            "0001-01-01T00:00:00+23:59",
            "24:00:00",
            "31/03/2025 23:59",
            "infinity",
            "epoch",
        ),
        *("0", "-0", "-1", "1", "10", "40", "41", "0.5", ".5", "5.", "1e5", "1e308", "-1e-400", "NaN", "inf", "0x10"),
        *("999999", "2147483648", "9223372036854775808", "99999999999999999999999999999999999999999", "1_000"),
        *("true", "false", "null", "NULL", "N/A", "#REF!", "=1/0", "UN1", "A999000000001", "C1", "U4", "X1", "WBRI"),
        *("E06000001", "ZZ1 1ZZ", "ylyc", "11-18", "; DROP TABLE episode; --", "' OR ''='", "$1", "%", "\\", "\\N"),
        *("<", ">", "/>", "&", "&amp;", "&e;", "&#0;", "&#xD800;", "]]>", "<![CDATA[", "<!--", "-->", "<?x y?>"),
        *("<Child>", "</Child>", "<Child/>", "<p:Child>", ' xmlns="u"', ' xmlns:p="u"', ' a="b"', "<Message>"),
        *(
            f"<!DOCTYPE a [<!ENTITY e '{CANARY}'>]>",
            "<?xml version='1.0' encoding='utf-16'?>",
            "<UPN/>",
            "</CINdetails>",
        ),
        *("[[", "]]", "[", "]", "=", '"""', "'''", "#", "a.b = 1", "[x]", "[[cohorts]]", "[[release]]", "{", "}"),
        *("(", ")", "((", "SELECT", " FROM ", "*", " UNION ", " JOIN ", "child_id", "COUNT(*)", "CASE WHEN ", " END"),
        *(
            " NOT ",
            " IS NULL",
            " IN (",
            " OVER (",
            "PARTITION BY child_id",
            "--",
            "/*",
            "*/",
            "::",
            "DATE '2025-01-01'",
        ),
    )
)
_REPEATED = (b"[", b"(", b"{", b"<a>", b"9", b" ", b",", b'"', b"A", b"NOT ", b"-", b"a.", b"\n", b"CASE WHEN ")


def _cut(data: bytes, rng: Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + int(2 ** rng.uniform(0, 8)))


def _field(data: bytes, rng: Random, put: bytes, *, keep: bool = False) -> bytes:
    fields = list((_TEXT if rng.random() < 0.5 else _FIELD).finditer(data)) or list(_FIELD.finditer(data))
    if not fields:
        return data + put
    found = rng.choice(fields)
    return data[: found.start()] + (found[0] if keep else b"") + put + data[found.end() :]


def _change_bytes(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _delete(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    start, end = _cut(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    start, end = _cut(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 50)) + data[end:]


def _insert(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(TOKENS) + data[place:]


def _put_token(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    return _field(data, rng, rng.choice(TOKENS), keep=rng.random() < 0.3)


def _put_canary(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    return _field(data, rng, rng.choice(TOKENS[:7]))


def _put_much(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    return _field(data, rng, rng.choice(_REPEATED) * int(2 ** rng.uniform(4, 13)))


def _move_line(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    lines = _LINE.findall(data)
    moved = lines.pop(rng.randrange(len(lines)))
    for _ in range(rng.choice((0, 1, 1, 2))):
        lines.insert(rng.randrange(len(lines) + 1), moved)
    return b"".join(lines)


def _splice(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    other = rng.choice(others)
    start, end = _cut(other, rng)
    place, after = _cut(data, rng)
    return data[:place] + other[start:end] + data[rng.choice((place, after)) :]


def _truncate(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _recode(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """One file in another encoding or with other line ends. It goes last, where it can end as it is."""
    files = unbundled(data)
    name, content = files.pop(rng.randrange(len(files)))
    text = content.decode(errors="replace")
    how = rng.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "\r\n", "\r"))
    recoded = text.replace("\n", how).encode() if how[0] == "\r" else text.encode(how, errors="replace")
    return bundled([*files, (name, recoded)]) if name or files else recoded


_CHANGES: tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...] = (
    *(_change_bytes, _delete, _repeat, _insert, _put_token, _put_token, _put_canary, _put_canary),
    *(_put_much, _move_line, _splice, _truncate, _recode),
)


def mutate(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """The input with one to four changes; `others` are inputs from which pieces may come."""
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        data = rng.choice(_CHANGES)(data, others, rng)[:MAXIMUM_BYTES]
    return data
