"""Codes come out of codes, descriptions, and both in one, however they are written; the rest is counted.

If this failed, a System C council's children would be in no group, or in the wrong one, and nobody would be told.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.engines.duckdb_engine import DuckDbEngine
from node.sources.ssd.code_sets import CODE_SETS, SET_OF_COLUMN
from node.sources.ssd.normaliser import code_sql, comparable, comparable_sql, head_sql, known_texts, unknown_sql
from node.sources.ssd.schema import TABLES


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDbEngine]:
    with DuckDbEngine.create(2025) as made:
        yield made


def codes(engine: DuckDbEngine, code_set: str, *texts: str) -> list[str]:
    """The codes of texts, in order."""
    engine.run("CREATE OR REPLACE TEMP TABLE given (place INTEGER, x VARCHAR)", "a test")
    for place, text in enumerate(texts):
        engine.rows("INSERT INTO given VALUES ($1, $2)", "a test", [place, text])
    sql = (
        f"SELECT {code_sql(code_set, 'x', 't', 'h')} FROM"
        f" (SELECT place, x, {comparable_sql('x')} AS t, {head_sql('x')} AS h FROM given) ORDER BY place"
    )
    return [row[0] for row in engine.rows(sql, "a test")]


@pytest.mark.parametrize("code_set", CODE_SETS)
def test_every_code_description_and_pair_of_both_is_known(engine: DuckDbEngine, code_set: str) -> None:
    written, expected = [], []
    for code, labels in CODE_SETS[code_set].items():
        forms = [code, code.lower(), f" {code} "]
        for label in labels:
            forms += [
                label,
                label.upper(),
                f"{code} - {label}",
                f"{code}: {label}",
                f"{code} {label}",
                f"{label} ({code})",
            ]
            forms += [
                f"{code} \u2013 words of our own",
                label.replace("-", "\u2013").replace("'", "\u2019"),
                f"{label}.",
            ]
        written += forms
        expected += [code] * len(forms)
    assert codes(engine, code_set, *written) == expected


@pytest.mark.parametrize(
    ("code_set", "text", "code"),
    [
        ("end reason", "Returned home to live with parents, relatives, or other person with parental responsibility as"
         " part of the care planning process", "E4A"),
        ("end reason", "Adopted \u2013 consent dispensed with by the court", "E12"),
        ("end reason", "CARE TAKEN OVER BY ANOTHER LA IN THE UK", "E3"),
        ("legal status", "Accommodated under an agreed series of short-term breaks, when individual episodes of care"
         " are recor", "V3"),
        ("legal status", "Full Care Order", "C2"),
        ("placement type", "Childrens Homes subject to Childrens Homes Regulations", "K2"),
        ("placement type", "Foster placement with relative or friend - long term fostering", "U1"),
        ("in touch", "No longer requires services", "NREQ"),
        ("in touch", "No - not in touch", "NO"),
        ("activity", "f2", "F2"),
        ("accommodation", "S2 - No fixed abode", "S2"),
        ("sex", "female", "F"),
        ("yes or no", "true", "Y"),
    ],
)  # fmt: skip
def test_texts_as_case_systems_write_them(engine: DuckDbEngine, code_set: str, text: str, code: str) -> None:
    assert codes(engine, code_set, text) == [code]


def test_what_is_not_known_stays_as_it_is_and_is_counted(engine: DuckDbEngine) -> None:
    texts = ["Gone fishing", "E99", "Adopted", "X1", "Semi-independent"]
    assert codes(engine, "end reason", *texts) == ["GONE FISHING", "E99", "ADOPTED", "X1", "SEMI-INDEPENDENT"]
    engine.run("CREATE OR REPLACE TEMP TABLE coded AS SELECT upper(x) AS x FROM given", "a test")
    engine.run("INSERT INTO coded VALUES (NULL)", "a test")
    counted = engine.rows(f"SELECT count(*) FROM coded WHERE {unknown_sql('end reason', 'x')}", "a test")
    assert counted == [(4,)]


def test_lettered_lists_of_annex_a_are_no_codes(engine: DuckDbEngine) -> None:
    assert codes(engine, "sex", "a) Male") == ["A) MALE"]


@pytest.mark.parametrize("code_set", CODE_SETS)
def test_no_description_is_that_of_two_codes(code_set: str) -> None:
    labels = CODE_SETS[code_set]
    texts = [(comparable(text), code) for code, known in labels.items() for text in (code, *known)]
    assert len({text for text, _ in texts}) == len(set(texts))
    assert all(known_texts(code_set)[text] == code for text, code in texts)


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40))
def test_the_engine_compares_as_python_does(text: str) -> None:
    with DuckDbEngine.create(2025) as made:
        (row,) = made.rows(f"SELECT {comparable_sql('x')} FROM (SELECT $1::VARCHAR AS x)", "a test", [text])
    if text.isascii():
        assert row[0] == comparable(text)
    else:
        assert isinstance(row[0], str)


def test_every_column_with_codes_is_read_and_has_a_code_set() -> None:
    read = {column.name for table in TABLES.values() for column in table.columns}
    assert set(SET_OF_COLUMN) <= read
    assert set(SET_OF_COLUMN.values()) <= set(CODE_SETS)
