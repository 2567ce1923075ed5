"""A release is measured from the declared files alone, and nothing but their presence as a whole can stop it.

If this failed, the presence of an undeclared file or a single bad row would show outside, or a release would say
something else than the figures the council saw.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from frameworks.blocks import Statistic
from frameworks.catalogue import load_framework
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from node.errors import NodeError, ReturnsNotReady
from node.returns import measure_returns, release_vector
from tests.node.ssda903_csv import (
    EPISODES,
    HEADER,
    OC2,
    OC3,
    child,
    csv_text,
    episode,
    write_returns,
)

_FRAMEWORK = load_framework("outcomes-2019")
_DECLARED = frozenset({"ssda903@2024", "ssda903.oc2@2024", "ssda903@2025", "ssda903.oc2@2025", "ssda903.oc3@2025"})


def _plan(*indicators: str) -> ReleasePlan:
    request = ReleaseRequest(id="r", mode="council", indicators=indicators, breakdowns=("sex",), rho_units=10**10)
    return compile_plan(_FRAMEWORK, "c", 2025, request)


def _files() -> dict[str, str | bytes]:
    return {
        "2024/h.csv": csv_text(HEADER, child("A"), child("L", born="01/06/2007")),
        "2024/e.csv": csv_text(
            EPISODES, episode("A", "01/05/2020"), episode("L", "01/05/2020", "01/06/2023", rec="E3")
        ),
        "2024/o.csv": csv_text(OC2, "A,,20,,0,1,1,1,1,0,,"),
        "2025/h.csv": csv_text(HEADER, child("A"), child("B", "1"), child("L", born="01/06/2007")),
        "2025/e.csv": csv_text(EPISODES, episode("A", "01/05/2020"), episode("B", "01/05/2024")),
        "2025/o.csv": csv_text(OC2, "A,,10,,0,1,1,1,1,0,,"),
        "2025/l.csv": csv_text(OC3, "L,,YES,F2,B1"),
    }


def _entries(plan: ReleasePlan, vector: list[int], statistic: Statistic, name: str, breakdown: str = "") -> list[int]:
    block = plan.block(statistic, name, breakdown)
    return vector[block.start : block.start + len(block.levels)]


def test_a_release_says_what_measure_says(tmp_path: Path) -> None:
    """Also where a definition looks back at a return that no indicator of the plan needs: L was transferred in 2024."""
    folder = write_returns(tmp_path, _files())
    figures = measure_returns(folder, 2025, _FRAMEWORK)
    assert figures["care_leaver_eet_17_18"].denominator == 0
    plan = _plan("cla_31_march", "sdq_improved", "care_leaver_eet_17_18")
    vector = list(release_vector(folder, plan, _FRAMEWORK, _DECLARED))
    assert _entries(plan, vector, Statistic.TOTAL, "cla_31_march", "sex") == [1, 1, 0]
    assert _entries(plan, vector, Statistic.CONTRAST, "sdq_improved") == [figures["sdq_improved"].numerator] == [1]
    assert _entries(plan, vector, Statistic.TOTAL, "care_leavers_17_18") == [0]


def test_outcomes_that_share_a_histogram_say_what_measure_says(tmp_path: Path) -> None:
    """Where all of them are declared; without their return the histogram is zero."""
    ended = {"G": "E45", "H": "E45", "I": "E41", "J": "E9"}
    files: dict[str, str | bytes] = {
        "2025/h.csv": csv_text(HEADER, *map(child, ended)),
        "2025/e.csv": csv_text(
            EPISODES, *(episode(name, "01/05/2024", "01/02/2025", rec=code) for name, code in ended.items())
        ),
    }
    folder = write_returns(tmp_path, files)
    reasons = ("ceased_sgo", "ceased_cao", "ceased_home_planned")
    figures = measure_returns(folder, 2025, _FRAMEWORK)
    plan = _plan(*reasons)
    for declared, expected in (({"ssda903@2025"}, [2, 1, 0, 1]), (set[str](), [0, 0, 0, 0])):
        vector = list(release_vector(folder, plan, _FRAMEWORK, frozenset(declared)))
        assert vector[plan.block(Statistic.HISTOGRAM, "ceased_reason").indices] == expected
    assert [figures[reason].numerator for reason in reasons] == [2, 1, 0]


def test_what_is_not_declared_is_zero_whether_its_file_is_there_or_not(tmp_path: Path) -> None:
    plan = _plan("cla_31_march", "sdq_mean", "sdq_improved")
    undeclared = _DECLARED - {"ssda903.oc2@2025", "ssda903.oc2@2024"}
    with_files = release_vector(write_returns(tmp_path / "with", _files()), plan, _FRAMEWORK, undeclared)
    files = {name: text for name, text in _files().items() if not name.endswith("/o.csv")}
    without = release_vector(write_returns(tmp_path / "without", files), plan, _FRAMEWORK, undeclared)
    assert with_files == without
    assert any(with_files)
    for block in plan.blocks:
        if block.indicator in ("sdq_mean", "sdq_improved") or block.cohort.startswith("sdq"):
            assert not any(with_files[block.start : block.start + len(block.levels)])


@pytest.mark.parametrize(
    ("declared", "stands"),
    [
        ({"ssda903@2025"}, False),
        ({"ssda903@2025", "ssda903.oc2@2025"}, True),
        ({"ssda903@2025", "ssda903.oc3@2025"}, True),
    ],
)
def test_what_serves_in_the_stead_of_an_undeclared_file_counts(
    tmp_path: Path, declared: set[str], stands: bool
) -> None:
    """A cohort's totals stand where one of the indicators that share them does."""
    changed = {"needs": ("ssda903.oc2@Y",), "also_from": ("ssda903@Y", "ssda903.oc3@Y")}
    framework = _FRAMEWORK.model_copy(
        update={
            "indicators": tuple(
                one.model_copy(update=changed) if one.id == "placed_foster" else one for one in _FRAMEWORK.indicators
            )
        }
    )
    plan = _plan("placed_foster")
    vector = list(release_vector(write_returns(tmp_path, _files()), plan, framework, frozenset(declared)))
    assert any(vector) is stands
    assert _entries(plan, vector, Statistic.TOTAL, "cla_31_march") == [2 if stands else 0]


def test_a_release_about_pupils_reads_the_care_records_that_are_declared(tmp_path: Path) -> None:
    """It stops where one of them is not there, for `measure` would say something else with it."""
    indicator = next(one for one in _FRAMEWORK.indicators if one.cohort == "attendance_cino")
    files: dict[str, str | bytes] = {"2025/a.csv": "UPN,CHILD_ID,SESSIONS_POSSIBLE,SESSIONS_MISSED\n,A,200,10\n"}
    declared = frozenset({"education.attendance@2025", "ssda903@2024", "feedback.answers@2025"})
    with pytest.raises(ReturnsNotReady, match="cannot be read: ssda903@2024"):
        release_vector(write_returns(tmp_path, files), _plan(indicator.id), _FRAMEWORK, declared)


def test_an_undeclared_file_is_not_opened(tmp_path: Path) -> None:
    """A damaged one changes nothing and stops nothing."""
    plan = _plan("cla_31_march")
    files = _files() | {"2025/o.csv": b"CHILD,SDQ_SCORE\n\x00\xff\x00", "2026/h.csv": b"CHILD,SEX,DOB,ETHNIC\x00"}
    declared = frozenset({"ssda903@2025"})
    assert list(release_vector(write_returns(tmp_path, files), plan, _FRAMEWORK, declared)) == [2, 1, 1, 0]


@pytest.mark.parametrize("damage", [None, b"", csv_text(EPISODES.replace("REC,", "")).encode()])
def test_a_declared_file_that_is_not_there_or_unreadable_stops_the_release(
    tmp_path: Path, damage: bytes | None
) -> None:
    files = _files()
    if damage is None:
        del files["2024/e.csv"]
    else:
        files["2024/e.csv"] = damage
    with pytest.raises(ReturnsNotReady, match="ssda903@2024"):
        release_vector(write_returns(tmp_path, files), _plan("cla_31_march"), _FRAMEWORK, _DECLARED)


def test_a_row_never_stops_a_release(tmp_path: Path) -> None:
    files = _files()
    files["2025/e.csv"] = csv_text(EPISODES, episode("", "99/99/9999"), '"', episode("B", "01/05/2024"))
    vector = release_vector(write_returns(tmp_path, files), _plan("cla_31_march"), _FRAMEWORK, _DECLARED)
    assert list(vector) == [1, 0, 1, 0]


def test_tables_without_rows_give_zeros(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"2025/h.csv": HEADER, "2025/e.csv": EPISODES}
    plan = _plan("cla_31_march", "placed_foster")
    vector = release_vector(write_returns(tmp_path, files), plan, _FRAMEWORK, frozenset({"ssda903@2025"}))
    assert list(vector) == [0] * plan.length


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="cannot be read"):
        measure_returns(tmp_path / "none", 2025, _FRAMEWORK)
