"""Code, description, or "code - description" to the code, as SQL that runs wherever the records are.

A text is compared without regard to case, blanks, punctuation and the word "and", with a description written in full,
without what stands in brackets, or cut off at the length of a column. What is not known stays as it is, in capitals:
the rules name the codes they mean, and any other is any other. How much that was is counted, for the council alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import chain, product

from node.sources.ssd.code_sets import CODE_SETS

_IGNORED = " \t\n\r\u00a0'\u2018\u2019`\"\u201c\u201d()[]{},.;:/\\-\u2010\u2011\u2012\u2013\u2014_&*+?!|"
_DASHES = "\u2010\u2011\u2012\u2013\u2014:"
_CUT_OFF_AT = (100, 255)
_IN_BRACKETS = re.compile(r"\([^()]*\)")


def comparable(text: str) -> str:
    """A text as it is compared: what `comparable_sql` computes."""
    return text.lower().replace(" and ", " ").translate({ord(character): None for character in _IGNORED})


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def comparable_sql(column: str) -> str:
    """`comparable` over a column."""
    return f"translate(replace(lower({column}), ' and ', ' '), {_quoted(_IGNORED)}, '')"


def head_sql(column: str) -> str:
    """What stands before the first dash or colon, as it is compared: the code of a "code - description"."""
    dashes = _quoted(_DASHES)
    return f"trim(split_part(translate(lower({column}), {dashes}, {_quoted('-' * len(_DASHES))}), '-', 1))"


def _forms(label: str) -> Iterator[str]:
    """A description as case systems write it: each plural in brackets with or without, what stands in brackets left
    out, cut off at the length of a column."""
    parts = label.split("(s)")
    for plurals in product(("s", ""), repeat=len(parts) - 1):
        text = "".join(chain.from_iterable(zip(parts, (*plurals, ""), strict=True)))
        yield text
        yield _IN_BRACKETS.sub("", text)
        yield from (text[:length] for length in _CUT_OFF_AT)


@cache
def known_texts(code_set: str) -> dict[str, str]:
    """Every comparable text that is known of a code set, and its code. A short form of two descriptions is none."""
    labels = CODE_SETS[code_set]
    exact: dict[str, str] = {comparable(code): code for code in labels}
    meant: dict[str, set[str]] = defaultdict(set)
    for code, descriptions in labels.items():
        for description in descriptions:
            exact.setdefault(comparable(description), code)
            for text in (*_forms(description), f"{code} {description}", f"{description} {code}"):
                meant[comparable(text)].add(code)
    return {text: next(iter(codes)) for text, codes in meant.items() if len(codes) == 1} | exact


def code_sql(code_set: str, column: str, comparable_column: str, head_column: str) -> str:
    """The code of a column, given the columns that hold it as it is compared and its head."""
    by_code: dict[str, list[str]] = {}
    for text, code in known_texts(code_set).items():
        by_code.setdefault(code, []).append(text)
    by_text = " ".join(
        f"WHEN {comparable_column} IN ({', '.join(map(_quoted, sorted(texts)))}) THEN {_quoted(code)}"
        for code, texts in sorted(by_code.items())
    )
    by_head = " ".join(f"WHEN {_quoted(code.lower())} THEN {_quoted(code)}" for code in sorted(CODE_SETS[code_set]))
    return f"CASE {by_text} ELSE CASE {head_column} {by_head} ELSE upper({column}) END END"


def unknown_sql(code_set: str, column: str) -> str:
    """A condition over a column of codes: the text that stands there is no code of the set."""
    codes = ", ".join(_quoted(code) for code in sorted(CODE_SETS[code_set]))
    return f"{column} IS NOT NULL AND {column} NOT IN ({codes})"
