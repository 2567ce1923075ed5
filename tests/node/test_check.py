"""`check` tells a council what it has, names every row that could not be used, and says why an indicator is missing.

If this failed, an analyst could not tell a gap in the returns from a difference in definition, and would trust neither.
"""

from __future__ import annotations

import csv
import json
from html import escape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from frameworks.catalogue import load_framework
from node.check import check_returns, files_in_words
from node.check_page import check_page
from node.cli import main
from node.errors import UsageProblem
from tests.node.census_xml import child as census_child
from tests.node.census_xml import details, message
from tests.node.ssda903_csv import EPISODES, HEADER, OC2, child, csv_text, episode, write_returns

_FRAMEWORK = load_framework("outcomes-2019")
_PUBLIC = Path(__file__).parents[3] / "shared" / "data" / "returns"


def _files() -> dict[str, str | bytes]:
    return {
        "2025/header.csv": csv_text(HEADER, child("A"), child("B")),
        "2025/episodes.csv": csv_text(EPISODES, episode("A", "01/05/2020"), episode("", "32/01/2025")),
        "2025/oc2.csv": csv_text(OC2.replace("CONVICTED,", "")),
        "2025/census.xml": message(2025, census_child("C", details("2024-05-01"))),
        "2025/notes.txt": "to do",
    }


def test_screens_hold_counts_and_the_rows_file_alone_says_where_each_row_stands(tmp_path: Path) -> None:
    folder = write_returns(tmp_path / "returns", _files())
    rows = tmp_path / "rows.csv"
    report = check_returns(folder, _FRAMEWORK, year=None, rows_path=rows).as_json()
    assert report["row_findings"] == [
        {"file": "2025/episodes.csv", "column": "CHILD", "reason": "no child id", "count": 1},
        {"file": "2025/episodes.csv", "column": "DECOM", "reason": "not a date dd/mm/yyyy", "count": 1},
    ]
    assert report["file_faults"] == [{"file": "2025/oc2.csv", "problem": "there is no column CONVICTED"}]
    assert report["ignored_files"] == [{"name": "2025/notes.txt", "reason": "its columns are those of no return"}]
    with rows.open(newline="") as stream:
        written = list(csv.reader(stream))
    assert written[:4] == [
        ["file", "row", "column", "reason", "id"],
        ["2025/oc2.csv", "", "", "there is no column CONVICTED", ""],
        ["2025/episodes.csv", "3", "CHILD", "no child id", ""],
        ["2025/episodes.csv", "3", "DECOM", "not a date dd/mm/yyyy", ""],
    ]
    assert rows.stat().st_mode & 0o777 == 0o600
    assert "32/01" not in rows.read_text() + json.dumps(report)


def test_no_child_is_named_but_in_the_rows_file(tmp_path: Path) -> None:
    child_id = "QZX-7781"
    files = _files() | {"2025/e2.csv": csv_text(EPISODES, episode(child_id, "01/05/2024", "01/04/2024", rec="E4A"))}
    folder = write_returns(tmp_path / "returns", files)
    rows, page = tmp_path / "rows.csv", tmp_path / "check.html"
    for output_format in ("text", "json"):
        result = CliRunner().invoke(
            main,
            ["check", "--returns", str(folder), "--rows", str(rows), "--html", str(page), "--format", output_format],
        )
        assert result.exit_code == 0, result.output
        assert child_id not in result.output
    assert child_id not in page.read_text()
    assert page.stat().st_mode & 0o777 == 0o600
    assert f"ssda903,,,An episode that ended before it began,{child_id}" in rows.read_text().splitlines()


def test_the_page_says_what_each_return_supports_and_what_one_more_source_would_add(tmp_path: Path) -> None:
    folder = write_returns(tmp_path, _files())
    report = check_returns(folder, _FRAMEWORK, year=2025, rows_path=None)
    page = check_page(report, _FRAMEWORK)
    assert f"{report.able} of {len(report.indicators)} indicators" in page
    for files, names in report.within_reach.items():
        assert f"{files_in_words(files)}: {len(names)} more" in page
    survey = ("feedback.answers@2025", "feedback.invitations@2025")
    assert all(name.startswith("feedback_") for name in report.within_reach[survey])
    assert "cla_31_march" in report.supports["ssda903@2025"]
    for wanted in _FRAMEWORK.wanted:
        assert escape(wanted.title).replace("&#x27;", "&#39;") in page


def test_every_indicator_is_able_within_reach_or_beyond_it(tmp_path: Path) -> None:
    report = check_returns(write_returns(tmp_path, _files()), _FRAMEWORK, year=2025, rows_path=None)
    near = [name for names in report.within_reach.values() for name in names]
    far = [name for names in report.out_of_reach.values() for name in names]
    able = [check.id for check in report.indicators if check.available]
    assert sorted([*able, *near, *far]) == sorted(indicator.id for indicator in _FRAMEWORK.indicators)


def test_every_indicator_is_available_or_the_files_it_misses_are_named(tmp_path: Path) -> None:
    folder = write_returns(tmp_path, _files())
    report = check_returns(folder, _FRAMEWORK, year=2025, rows_path=None)
    indicators = report.as_json()["indicators"]
    assert list(indicators) == [indicator.id for indicator in _FRAMEWORK.indicators]
    assert indicators["cla_31_march"] == {"available": True, "missing": []}
    assert indicators["sdq_mean"] == {"available": False, "missing": ["ssda903.oc2@2025"]}
    assert indicators["rereferral_12m_children"] == {"available": False, "missing": ["cin_census@2024"]}
    assert set(report.within_reach["ssda903.oc2@2025",]) == {
        name for name, values in indicators.items() if values["missing"] == ["ssda903.oc2@2025"]
    }
    assert "substance_intervention_refused" in report.within_reach["ssda903.oc2@2025",]


def test_the_screen_has_four_headings(tmp_path: Path) -> None:
    folder = write_returns(tmp_path, _files())
    result = CliRunner().invoke(main, ["check", "--returns", str(folder)])
    assert result.exit_code == 0, result.output
    for expected in (
        "Found    2025     SSDA903 (3 files a year)     CIN census     no education, no feedback",
        "Read     2 looked after     1 in the census",
        "Look at  2025/oc2.csv is not used: there is no column CONVICTED",
        "2 rows or values not used",
        "Can do   ",
    ):
        assert expected in result.output


def test_a_rows_file_that_cannot_be_written_is_a_usage_problem(tmp_path: Path) -> None:
    folder = write_returns(tmp_path, _files())
    with pytest.raises(UsageProblem):
        check_returns(folder, _FRAMEWORK, year=2025, rows_path=tmp_path / "none" / "rows.csv")


def _public_or_small() -> tuple[dict[str, str | bytes], int, int, int]:
    """The public fake SSDA903 where it is at hand, else the small one: files, year, looked after, faults of rows."""
    folder = _PUBLIC / "d2i_903_validator"
    if not folder.is_dir():
        return _files(), 2025, 1, 2
    return {f"2018/{path.name}": path.read_bytes() for path in folder.glob("*.csv")}, 2018, 1196, 313


def _printed(*arguments: str) -> Any:
    result = CliRunner().invoke(main, [*arguments, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.mark.parametrize("flat", [False, True], ids=["by year", "flat"])
def test_check_and_measure_run_on_the_fake_returns(tmp_path: Path, flat: bool) -> None:
    files, year, looked_after, faults = _public_or_small()
    laid_out = {name.partition("/")[2]: content for name, content in files.items()} if flat else files
    folder = str(write_returns(tmp_path, laid_out))
    figures = _printed("measure", "--returns", folder, "--year", str(year))["indicators"]
    assert figures["cla_31_march"]["numerator"] == looked_after
    report = _printed("check", "--returns", folder, "--year", str(year))
    assert sum(finding["count"] for finding in report["row_findings"]) == faults
    for name, checked in report["indicators"].items():
        assert checked["available"] is not bool(checked["missing"])
        assert (figures[name]["status"] == "ok") is checked["available"]


def test_check_and_measure_run_on_the_fake_census(tmp_path: Path) -> None:
    path = _PUBLIC / "d2i_cin_validator" / "fake_CIN_data.xml"
    year, content = (2022, path.read_bytes()) if path.is_file() else (2025, str(_files()["2025/census.xml"]).encode())
    folder = str(write_returns(tmp_path, {f"{year}/cin.xml": content}))
    assert _printed("check", "--returns", folder)["available"] == [
        f"cin_census.previous_plans@{year}",
        f"cin_census@{year}",
    ]
    assert _printed("measure", "--returns", folder, "--year", str(year))["indicators"]["referrals"]["status"] == "ok"


def test_the_councils_own_code_is_what_tells_a_placement_outside_it(tmp_path: Path) -> None:
    directory = "PCDS,OSEAST1M,OSNRTH1M,OSLAUA\nZZ9 9ZZ,530000,180000,E09000002\nZZ1 1ZZ,580000,180000,E10000012\n"
    folder = str(write_returns(tmp_path, _files() | {"2025/postcodes.csv": directory}))
    indicator = "placed_20mi_outside_la"
    without = _printed("measure", "--returns", folder, "--year", "2025")["indicators"]
    assert without["placed_20mi"]["numerator"] == 1
    assert without[indicator]["status"] == "not_available"
    own = _printed("measure", "--returns", folder, "--year", "2025", "--council", "301")["indicators"]
    assert (own[indicator]["status"], own[indicator]["numerator"]) == ("ok", 1)
    assert not _printed("check", "--returns", folder)["indicators"][indicator]["available"]
    assert _printed("check", "--returns", folder, "--council", "301")["indicators"][indicator]["available"]
    refused = CliRunner().invoke(main, ["check", "--returns", folder, "--council", "999"])
    assert refused.exit_code == 2
