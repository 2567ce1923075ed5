"""If these failed, a council could measure something other than what the coordinator asked for, or an author would
look in vain for what is wrong with a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from frameworks.availability import all_needs, file_needed, indicator_needs
from frameworks.catalogue import DATA, installed_frameworks, load_framework
from frameworks.errors import DefinitionRefused, InvalidFramework, UnknownFramework
from frameworks.model import Availability, Kind, Source, Unit
from frameworks.plan import ReleaseRequest, compile_plan

FRAMEWORK = """
id = "small"
version = "1"
title = "A small framework"
source = "nobody"
note = "for tests"
definitions = ["of_children"]

[[questions]]
id = "safe"
title = "Are children kept safe?"

[[domains]]
question = "safe"
title = "Referrals"
indicators = ["referred"]
"""
DEFINITIONS = '''
[[views]]
id = "referred_child"
title = "Children referred"
sql = """
SELECT DISTINCT child_id
FROM referral
"""

[[cohorts]]
id = "children"
title = "Children"
source = "cin_census"
sql = "SELECT child_id FROM census_child"
needs = ["cin_census@Y"]

[[cohorts]]
id = "plans"
title = "Plans"
source = "cin_census"
unit = "event"
sql = "SELECT child_id, event, start_date AS event_date FROM child_protection_plan"
needs = ["cin_census@Y"]

[[indicators]]
id = "referred"
title = "Children referred"
data_type = "cross-sectional"
kind = "percent"
cohort = "children"
outcome = "SELECT child_id FROM referred_child"
polarity = "none"
unit = "%"
'''


def _written(folder: Path, framework: str = FRAMEWORK, definitions: str = DEFINITIONS) -> Path:
    (folder / "definitions").mkdir()
    (folder / "small.toml").write_bytes(framework.encode())
    (folder / "definitions" / "of_children.toml").write_bytes(definitions.encode())
    return folder


def test_a_framework_holds_what_its_file_places_and_what_that_needs(tmp_path: Path) -> None:
    framework = load_framework("small", _written(tmp_path))
    assert [cohort.id for cohort in framework.cohorts] == ["children"]
    assert [indicator.domain for indicator in framework.indicators] == ["Referrals"]


def test_what_runs_is_the_text_that_the_checker_wrote(tmp_path: Path) -> None:
    framework = load_framework("small", _written(tmp_path))
    assert framework.indicator("referred").outcome == (
        'SELECT "_1"."child_id" AS "child_id" FROM "referred_child" AS "_1"'
    )
    assert framework.cohort("children").sql == 'SELECT "_1"."child_id" AS "child_id" FROM "census_child" AS "_1"'


def test_a_family_stands_where_a_child_does(tmp_path: Path) -> None:
    families = DEFINITIONS.replace('unit = "event"', 'unit = "family"').replace(
        'source = "cin_census"\nunit', 'source = "families"\nunit'
    )
    families = families.replace(
        "SELECT child_id, event, start_date AS event_date FROM child_protection_plan", "SELECT family_id FROM family"
    )
    families = families.replace('cohort = "children"', 'cohort = "plans"').replace(
        "SELECT child_id FROM referred_child", "SELECT family_id FROM family_need"
    )
    (cohort,) = load_framework("small", _written(tmp_path, definitions=families)).cohorts
    assert (cohort.unit, cohort.owner) == (Unit.FAMILY, "family_id")


def test_line_ends_do_not_change_the_digest_and_anything_else_does(tmp_path: Path) -> None:
    digests = set()
    for number, (framework, definitions) in enumerate(
        [
            (FRAMEWORK, DEFINITIONS),
            (FRAMEWORK.replace("\n", "\r\n"), DEFINITIONS.replace("\n", "\r\n")),
            (FRAMEWORK + "# a word\n", DEFINITIONS),
            (FRAMEWORK, DEFINITIONS + "# a word\n"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        digests.add(load_framework("small", _written(folder, framework, definitions)).digest)
    assert len(digests) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


@pytest.mark.parametrize("name", ["national", "../small", "", "definitions/of_children"])
def test_only_installed_frameworks_are_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownFramework, match="small"):
        load_framework(name, _written(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('polarity = "none"', 'polarity = "up"', r"of_children\.toml: indicators\.referred\.polarity: "),
        ('title = "Plans"\n', "", r"of_children\.toml: cohorts\.plans\.title: Field required"),
        ('unit = "%"', 'unit = "%"\nsize = 3', r"of_children\.toml: indicators\.referred\.size: Extra inputs"),
        ('kind = "percent"', 'kind = "count"', r"of_children\.toml: indicators\.referred: .*a count has no outcome"),
        ('["cin_census@Y"]', '["cin_census"]', r"of_children\.toml: cohorts\.children\.needs\.1: "),
        ('id = "plans"', 'id = "children"', r"of_children\.toml: cohorts\.children: the name is taken"),
        ('id = "referred_child"', 'id = "referral"', r"of_children\.toml: views\.referral: the name is taken"),
        ('cohort = "children"', 'cohort = "people"', r"indicators\.referred\.cohort: there is no cohort people"),
        ('cohort = "children"', 'cohort = "plans"', r"indicators\.referred\.outcome: it must yield .*event \(whole"),
        ('kind = "percent"', 'kind = "mean"\nbounds = [0, 4]', r"referred\.outcome: it must yield .*value \(whole"),
        (
            'kind = "percent"',
            'kind = "ratio"\nbounds = [0, 4]\nwhole_bounds = [0, 9]',
            r"referred\.outcome: it must yield .*part \(whole .*, whole \(whole",
        ),
        (
            'kind = "percent"',
            'kind = "histogram"\ncategories = ["yes", "no"]',
            r"referred\.outcome: it must yield .*category \(text",
        ),
        (
            'kind = "percent"\ncohort = "children"',
            'kind = "histogram"\ncategories = ["yes"]\ncohort = "plans"',
            r"referred\.kind: a histogram is of children",
        ),
        ('unit = "event"', 'unit = "family"', r"cohorts\.plans: .*families, and only they"),
        ('unit = "%"', 'unit = "%"\ncompanions = ["response"]', r"indicators\.referred: it goes with response"),
        ('data_type = "cross-sectional"', 'data_type = "proxy"', r"indicators\.referred: .*what it is a proxy for"),
        ('kind = "percent"', 'kind = "percent"\nevent_cap = 2', r"referred\.event_cap: its cohort counts children"),
        ('source = "cin_census"', 'source = "ssda903"', r"cohorts\.children\.sql: it reads tables of cin_census"),
        ("start_date AS event_date", "event AS event_date", r"cohorts\.plans\.sql: event must be .* event_date a date"),
        ("child_id FROM census_child", "child_id, age FROM census_child", r"cohorts\.children\.sql: .*yields child_id"),
        ("FROM referred_child", "FROM looked_after_child", r"referred\.outcome: its cohort reads tables of cin_census"),
        ('unit = "%"', "unit = ", r"of_children\.toml is not TOML: .*line 33"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in DEFINITIONS
    with pytest.raises(InvalidFramework, match=message) as refused:
        load_framework("small", _written(tmp_path, definitions=DEFINITIONS.replace(old, new, 1)))
    assert refused.value.next_step


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["referred"]', '["unheard"]', r"small\.toml: indicators\.unheard: no file of definitions"),
        (
            'question = "safe"',
            'question = "well"',
            r"small\.toml: domains\.Referrals\.question: there is no question",
        ),
        ('id = "small"', 'id = "large"', r"small\.toml: id: it differs"),
        ('["of_children"]', '["of_adults"]', r"of_adults\.toml cannot be read"),
        ('version = "1"', "version = 1", r"small\.toml: version: "),
    ],
)
def test_a_framework_file_that_cannot_be_used_is_named_with_its_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in FRAMEWORK
    with pytest.raises(InvalidFramework, match=message):
        load_framework("small", _written(tmp_path, FRAMEWORK.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (
            "FROM referral\n",
            "FROM referral LIMIT 3\n",
            r"of_children\.toml, line 7, column 21: in views\.referred_child",
        ),
        ("FROM census_child", "FROM nowhere", r"of_children\.toml, line 14, column 29: in cohorts\.children"),
        ("FROM referred_child", "FROM nowhere", r"of_children\.toml, line 31, column 33: in indicators\.referred"),
    ],
)
def test_a_refused_definition_is_named_with_its_line_and_column_in_the_file(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    with pytest.raises(DefinitionRefused, match=place):
        load_framework("small", _written(tmp_path, definitions=DEFINITIONS.replace(old, new, 1)))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    _written(tmp_path)
    (tmp_path / "small.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidFramework, match=r"small\.toml cannot be read"):
        load_framework("small", tmp_path)


@pytest.mark.parametrize("framework_id", installed_frameworks())
def test_every_framework_shipped_is_whole(framework_id: str) -> None:
    framework = load_framework(framework_id)
    assert framework.indicators
    for indicator in framework.indicators:
        cohort = framework.cohort(indicator.cohort)
        assert indicator.event_cap == (2 if cohort.unit is Unit.EVENT else 1)
        needs = indicator_needs(framework, indicator.id)
        assert any(need.startswith(cohort.source.value) and need.endswith("@Y") for need in needs)
        assert all(file_needed(need, 2025) for need in all_needs(framework, indicator.id))
        own = cohort.source in (Source.SSDA903, Source.CIN_CENSUS)
        assert own or indicator.availability is not Availability.NOW
        assert indicator.caveats
        if indicator.england and indicator.england.numerator and indicator.england.denominator:
            per = indicator.rate_per or (1 if indicator.kind is Kind.MEAN else 100)
            computed = per * indicator.england.numerator / indicator.england.denominator
            assert computed == pytest.approx(indicator.england.value, abs=0.51)


def test_the_whole_2019_framework_fits_one_release() -> None:
    framework = load_framework("outcomes-2019")
    indicators = tuple(indicator.id for indicator in framework.indicators)
    request = ReleaseRequest(
        id="all", mode="council", indicators=indicators, breakdowns=("sex", "age_band"), rho_units=10**10
    )
    assert compile_plan(framework, "2025-all", 2025, request).length > len(indicators)


def test_every_definition_shipped_stands_in_a_framework() -> None:
    placed = {one.id for name in installed_frameworks() for one in load_framework(name).indicators}
    defined = {
        match for path in DATA.glob("definitions/*.toml")
        for match in re.findall(r'\[\[indicators\]\]\nid = "(\w+)"', path.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert placed == defined


SET = (
    DEFINITIONS.replace('unit = "%"', 'unit = "%"\nexclusive = "need"')
    + """
[[cohorts]]
id = "referred"
title = "Children referred"
source = "cin_census"
sql = "SELECT child_id FROM referred_child"
needs = ["cin_census@Y"]

[[indicators]]
id = "planned"
title = "Children with a plan"
data_type = "cross-sectional"
kind = "percent"
cohort = "children"
outcome = "SELECT child_id FROM child_protection_plan"
polarity = "none"
unit = "%"
exclusive = "need"
"""
)


def test_outcomes_that_exclude_each_other_are_of_one_set_of_children(tmp_path: Path) -> None:
    framework = load_framework(
        "small", _written(tmp_path, FRAMEWORK.replace('"referred"', '"referred", "planned"'), SET)
    )
    assert {indicator.exclusive for indicator in framework.indicators} == {"need"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'cohort = "children"\noutcome = "SELECT child_id FROM child_protection_plan"',
            'cohort = "plans"\noutcome = "SELECT child_id, event FROM child_protection_plan"',
            r"indicators\.planned\.exclusive: its cohort does not count children",
        ),
        ('exclusive = "need"\n', 'exclusive = "referred"\n', r"exclusive\.referred: the name is taken"),
        ('exclusive = "need"\n', 'exclusive = "planned"\n', r"exclusive\.planned: the name is taken"),
        ('id = "planned"', 'id = "need"', r"indicators\.need: the name is taken"),
        ('id = "planned"', 'id = "other"', "none of them is called other"),
        (
            'kind = "percent"\ncohort = "children"\noutcome = "SELECT child_id FROM child_protection_plan"',
            'kind = "count"\ncohort = "children"',
            "only percentages exclude each other",
        ),
        ('cohort = "children"', 'cohort = "referred"', "the set need is of the cohort children"),
    ],
)
def test_a_set_that_cannot_be_one_histogram_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    head, found, tail = SET.rpartition(old)
    assert found
    with pytest.raises(InvalidFramework, match=message):
        load_framework("small", _written(tmp_path, definitions=head + new + tail))


REFERENCE_NEEDS = {
    "rereferral_12m_referrals": {"cin_census@Y-1"},
    "rereferral_12m_children": {"cin_census@Y-1"},
    "nfa_return_12m": {"cin_census@Y-1"},
    "nfa_return_6_12m": {"cin_census@Y-1"},
    "cpp_repeat_ever": {"cin_census.previous_plans@Y"},
    "cpp_repeat_12m": {"cin_census@Y-1"},
    "cpp_repeat_24m": {"cin_census@Y-1", "cin_census@Y-2"},
}


def test_what_each_census_indicator_needs_is_what_the_reference_says() -> None:
    framework = load_framework("outcomes-2019")
    for indicator in framework.indicators:
        if framework.cohort(indicator.cohort).source is Source.CIN_CENSUS:
            needs = set(indicator_needs(framework, indicator.id))
            assert needs == {"cin_census@Y"} | REFERENCE_NEEDS.get(indicator.id, set())


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        ("SELECT child_id FROM census_child", False),
        ("SELECT DISTINCT child_id FROM referral", False),
        ("SELECT child_id FROM referral GROUP BY child_id", False),
        ("SELECT child_id FROM census_child UNION SELECT child_id FROM referral", False),
        ("SELECT child_id FROM referred_child", False),
        ("SELECT r.child_id FROM referred_child AS r JOIN census_child AS c ON c.child_id = r.child_id", False),
        ("SELECT child_id FROM referral", True),
        ("SELECT child_id FROM census_child UNION ALL SELECT child_id FROM census_child", True),
        ("SELECT child_id FROM referral GROUP BY child_id, referral_date", True),
        ("SELECT c.child_id FROM census_child AS c JOIN referral AS r ON r.child_id = c.child_id", True),
        ("SELECT child_id FROM (SELECT DISTINCT child_id, referral_date FROM referral) AS r", True),
    ],
)
def test_a_cohort_in_which_a_child_could_have_two_rows_is_refused_with_its_place(
    tmp_path: Path, sql: str, refused: bool
) -> None:
    written = _written(tmp_path, definitions=DEFINITIONS.replace('"SELECT child_id FROM census_child"', f'"{sql}"', 1))
    assert f'"{sql}"' in (tmp_path / "definitions" / "of_children.toml").read_text()
    if not refused:
        assert load_framework("small", written).cohorts
        return
    line = DEFINITIONS[: DEFINITIONS.index('"SELECT child_id FROM census_child"')].count("\n") + 1
    with pytest.raises(DefinitionRefused, match=rf"of_children\.toml, line {line}, column \d+: .* two rows"):
        load_framework("small", written)
