"""One measurement serves several frameworks, and a reader can see where it sits in each and what a new version changes.

If this failed, two frameworks could give one name to two figures, or a redefined indicator could pass for the old one.
"""

from __future__ import annotations

from itertools import combinations

import pytest

from frameworks.catalogue import installed_frameworks, load_framework
from frameworks.crosswalk import Change, crosswalk, definition_digest, differences, members, views_used
from frameworks.model import Availability, DataType, Framework, Indicator, Polarity, View, WantedIndicator

SPINE = "outcomes-2019"


def _frameworks() -> tuple[Framework, ...]:
    return tuple(load_framework(name) for name in installed_frameworks())


def test_three_frameworks_are_installed_and_one_of_them_is_the_spine() -> None:
    assert set(installed_frameworks()) == {SPINE, "supporting-families-2022", "national-framework-2023"}


def test_an_indicator_is_one_figure_whichever_framework_asks_for_it() -> None:
    shared = 0
    for one, other in combinations(_frameworks(), 2):
        for indicator in {i.id for i in one.indicators} & {i.id for i in other.indicators}:
            assert definition_digest(one, indicator) == definition_digest(other, indicator)
            shared += 1
    assert shared > 100


def test_every_indicator_that_can_be_measured_is_in_the_spine() -> None:
    spine = {indicator.id for indicator in load_framework(SPINE).indicators}
    for framework in _frameworks():
        assert {indicator.id for indicator in framework.indicators} <= spine


def test_what_needs_new_data_is_part_of_each_framework_and_says_what_is_missing() -> None:
    for framework in _frameworks():
        assert framework.wanted
        for wanted in framework.wanted:
            assert wanted.missing
            assert wanted.availability is not Availability.NOW


def test_no_question_of_a_framework_is_empty() -> None:
    for framework in _frameworks():
        asked = {one.question for one in members(framework)}
        assert asked == {question.id for question in framework.questions}


def test_the_spine_holds_all_four_types_of_data_under_each_question() -> None:
    spine = load_framework(SPINE)
    for question in spine.questions:
        kinds = {one.data_type for one in members(spine) if one.question == question.id}
        assert kinds == set(DataType), question.id


def test_the_crosswalk_has_each_indicator_once_with_every_framework_that_holds_it() -> None:
    frameworks = _frameworks()
    rows = crosswalk(frameworks)
    assert len({row.id for row in rows}) == len(rows)
    for framework in frameworks:
        held = {one.id: one for one in members(framework)}
        assert {row.id for row in rows if framework.id in row.standings} == held.keys()
        for row in rows:
            if framework.id in row.standings:
                one, standing = held[row.id], row.standings[framework.id]
                assert (standing.question_id, standing.domain, standing.lineage) == (
                    one.question,
                    one.domain,
                    one.lineage,
                )
                assert standing.wanted == isinstance(one, WantedIndicator)


def test_the_supporting_families_framework_names_the_six_problems_it_descends_from() -> None:
    lineage = {one.lineage for one in members(load_framework("supporting-families-2022")) if one.lineage}
    for problem in range(1, 7):
        assert any(text.startswith(f"Problem {problem} of 2015 to 2020") for text in lineage)


def _changed(framework: Framework, **fields: object) -> Framework:
    return framework.model_copy(update=fields)


def _with_indicator(framework: Framework, name: str, **fields: object) -> Framework:
    return _changed(
        framework,
        indicators=tuple(one.model_copy(update=fields) if one.id == name else one for one in framework.indicators),
    )


def test_a_framework_does_not_differ_from_itself() -> None:
    for framework in _frameworks():
        assert differences(framework, framework) == ()


@pytest.mark.parametrize(
    ("fields", "change", "detail"),
    [
        ({"question": "health"}, Change.MOVED, "to health"),
        ({"domain": "Elsewhere"}, Change.MOVED, "Elsewhere"),
        ({"caveats": ("Another.",)}, Change.REWORDED, "caveats"),
        ({"polarity": Polarity.HIGH}, Change.REWORDED, "polarity"),
        ({"event_cap": 3}, Change.REDEFINED, "event cap"),
        (
            {"outcome": 'SELECT "_1"."child_id" AS "child_id" FROM "referral" AS "_1"'},
            Change.REDEFINED,
            "who is counted",
        ),
    ],
)
def test_each_kind_of_change_is_told_apart(fields: dict[str, object], change: Change, detail: str) -> None:
    spine = load_framework(SPINE)
    (found,) = differences(spine, _with_indicator(spine, "rereferral_12m_children", **fields))
    assert (found.id, found.change) == ("rereferral_12m_children", change)
    assert detail in " ".join(found.details)


def test_a_changed_view_redefines_every_indicator_that_rests_on_it_and_no_other() -> None:
    spine = load_framework(SPINE)
    view = next(view for view in spine.views if view.id == "counted_episode")
    resting = {one.id for one in spine.indicators if view in views_used(spine, one.id)}
    other = View(id=view.id, title=view.title, sql=view.sql.replace("'V3'", "'V1'"))
    after = _changed(spine, views=tuple(other if one is view else one for one in spine.views))
    found = {difference.id for difference in differences(spine, after)}
    assert found == resting
    assert "cla_31_march" in found
    assert "referrals" not in found


def test_what_is_added_removed_or_first_measured_is_said() -> None:
    spine = load_framework(SPINE)
    first: Indicator = spine.indicators[0]
    wanted = WantedIndicator(
        missing="a return",
        **{name: getattr(first, name) for name in WantedIndicator.model_fields if name not in ("missing", "england")},
    )
    without = _changed(spine, indicators=spine.indicators[1:])
    assert [(one.id, one.change) for one in differences(without, spine)] == [(first.id, Change.ADDED)]
    assert [(one.id, one.change) for one in differences(spine, without)] == [(first.id, Change.REMOVED)]
    asked = _changed(without, wanted=(*spine.wanted, wanted))
    (found,) = differences(asked, spine)
    assert (found.change, found.details) == (Change.REDEFINED, ("can now be measured",))
