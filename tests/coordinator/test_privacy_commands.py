"""Whoever decides about a programme reads what it costs a child, before anything is collected.

If these failed, the tables on the screen would not be those of the plans that councils are asked to pay for.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from coordinator.cli import main
from coordinator.collections import read_collection
from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho, rho_from_epsilon
from frameworks.exposure import exposures, two_councils_rho_units

HYBRID = """\
id = "2025-hybrid"
framework = "outcomes-2019"
reference_year = 2025
opens = 2026-11-01
closes = 2026-12-31

[[release]]
id = "headlines"
mode = "council"
indicators = ["cla_31_march", "placements_3plus", "rereferral_12m_children"]
epsilon = 0.5
delta = 1e-7

[[release]]
id = "nation"
mode = "secure"
groups = "england"
indicators = ["cla_31_march", "placements_3plus", "rereferral_12m_children"]
breakdowns = ["sex"]
max_colluding = 7
rho = 0.005

[[release]]
id = "by_region"
mode = "secure"
groups = "regions"
indicators = ["cla_31_march", "rereferral_12m_children"]
rho = 0.005
"""


def run(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["privacy", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def shown(*arguments: str | Path) -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(run(*arguments, "--format", "json"))
    return tables


@pytest.fixture
def hybrid(tmp_path: Path) -> Path:
    path = tmp_path / "2025-hybrid.toml"
    path.write_text(HYBRID, encoding="utf-8")
    return path


def test_an_epsilon_its_rho_and_the_default_give_the_same_tables() -> None:
    by_epsilon = shown("--epsilon", "1", "--delta", "1e-7")
    assert by_epsilon["rho"] == pytest.approx(rho_from_epsilon(1, 1e-7), abs=1e-12)
    assert by_epsilon == shown() == shown("--rho", f"{by_epsilon['rho']:.12f}")


def test_every_table_has_the_rows_of_the_reference() -> None:
    tables = shown()
    assert [row["releases"] for row in tables["programme"]] == [1, 2, 5, 10, 18, 26, 36]
    at = tables["deltas"].index(1e-7)
    assert [round(row["epsilons"][at], 2) for row in tables["programme"]] == [1.0, 1.44, 2.36, 3.44, 4.75, 5.83, 7.0]
    assert {(row["releases"], row["lifetime_epsilon"]) for row in tables["lifetime"]} == {
        (releases, epsilon) for releases in (26, 18) for epsilon in (1, 2, 4, 8)
    }
    assert [round(row["epsilon"], 2) for row in tables["siblings"]] == [2.09, 3.25, 4.45]
    assert [round(row["epsilon"], 2) for row in tables["movers"]] == [1.79, 1.63]
    england, region = tables["colluders"]
    assert (england["groups"], england["councils"], region["groups"], region["councils"]) == (
        "england",
        153,
        "regions",
        10,
    )
    assert [row["figure"] for row in tables["provisional_and_final"]] == ["provisional", "final", "combined"]


def test_a_delta_that_is_asked_for_joins_those_that_are_always_shown() -> None:
    tables = shown("--delta", "1e-9")
    assert tables["deltas"] == [1e-6, 1e-7, 1e-8, 1e-9, 1e-10]
    (year, *_) = tables["programme"]
    assert year["epsilons"][3] == pytest.approx(tables["epsilon"]) == pytest.approx(1)
    assert "at 1e-09" in run("--delta", "1e-9")


def test_a_collection_is_shown_at_what_its_plans_cost(hybrid: Path) -> None:
    compiled, tables = read_collection(hybrid), shown("--collection", hybrid)
    assert tables["collection"] == "2025-hybrid"
    assert tables["rho"] == sum(plan.rho_units for plan in compiled.plans) / UNITS_PER_RHO
    assert tables["epsilon"] == epsilon_from_rho(tables["rho"], 1e-7)
    for plan, child in zip(compiled.plans, tables["children"], strict=True):
        listed = exposures(compiled.framework, plan)
        assert child["release"] == plan.release_id
        assert [(one["question"], one["rho"]) for one in child["exposures"]] == [
            (one.question, one.rho) for one in listed
        ]


def test_a_move_is_charged_by_the_modes_and_groups_of_the_releases(hybrid: Path) -> None:
    compiled = read_collection(hybrid)

    def cost(*in_one_sum: bool) -> float:
        units = (
            two_councils_rho_units(compiled.framework, plan, in_one_sum=one)
            for plan, one in zip(compiled.plans, in_one_sum, strict=True)
        )
        return sum(units) / UNITS_PER_RHO

    same, apart = shown("--collection", hybrid)["movers"]
    assert (same["same_region"], same["rho"]) == (True, cost(False, True, True))
    assert (apart["same_region"], apart["rho"]) == (False, cost(False, True, False))
    assert apart["rho"] < same["rho"]


def test_colluders_are_shown_for_each_secure_release_as_it_was_planned(hybrid: Path) -> None:
    nation, by_region = shown("--collection", hybrid)["colluders"]
    assert (nation["release"], nation["max_dropped"], nation["max_colluding"]) == ("nation", 3, 7)
    plan = read_collection(hybrid).plans[1]
    planned = {row["colluding"]: row["rho"] for row in nation["rows"]}
    assert planned[7] == plan.rho_units / UNITS_PER_RHO
    assert planned[149] == pytest.approx(143 * planned[7])
    assert (by_region["release"], by_region["councils"], by_region["rows"][-1]["colluding"]) == ("by_region", 10, 6)


def test_a_region_that_could_not_be_released_is_not_the_smallest(hybrid: Path) -> None:
    """The smallest has 10 councils; where 14 may drop out, the smallest with a sum has 15."""
    hybrid.write_text(HYBRID.replace('groups = "regions"', 'groups = "regions"\nmax_dropped = 14'), encoding="utf-8")
    _, by_region = shown("--collection", hybrid)["colluders"]
    assert (by_region["councils"], by_region["rows"][0]["rho"]) == (
        15,
        read_collection(hybrid).plans[2].rho_units / 1e12,
    )


def test_the_text_holds_every_figure_of_the_json_and_fits_a_hundred_columns(hybrid: Path) -> None:
    for arguments in ((), ("--epsilon", "8"), ("--rho", "1e-5"), ("--delta", "1e-9"), ("--collection", hybrid)):
        text, tables = run(*arguments), shown(*arguments)
        assert max(map(len, text.splitlines())) <= 100
        cells = set(re.split(r"\s{2,}|\n", text))
        for name in ("lifetime", "siblings", "movers", "provisional_and_final"):
            for row in tables[name]:
                assert f"{row['epsilon']:.2f}" in cells
        for row in tables["programme"]:
            assert {f"{epsilon:.2f}" for epsilon in row["epsilons"]} <= cells


def test_the_tighter_figure_is_labelled_as_what_it_is() -> None:
    text = " ".join(run().split())
    assert "exact for Gaussian noise of the same rho and an approximation for ours" in text
    assert "shown and never charged" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("--epsilon", "1", "--rho", "0.02"),
        ("--epsilon", "0"),
        ("--epsilon", "-1"),
        ("--epsilon", "nan"),
        ("--epsilon", "inf"),
        ("--epsilon", "1e-6"),
        ("--rho", "0"),
        ("--rho", "nan"),
        ("--rho", "1e9"),
        ("--delta", "0"),
        ("--delta", "1"),
        ("--delta", "nan"),
    ],
)
def test_a_cost_that_means_nothing_is_refused_with_what_to_type(arguments: tuple[str, ...]) -> None:
    output = run(*arguments, code=2)
    assert "Example" in output or "Give one of" in output


def test_a_collection_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert str(path) in run("--collection", path, code=20)
    path.write_text(HYBRID.replace("rho = 0.005", "rho = 50.5"), encoding="utf-8")
    assert "0.000001 to 100" in run("--collection", path, code=2)
    path.write_text(HYBRID, encoding="utf-8")
    assert "Give one of" in run("--collection", path, "--epsilon", "1", code=2)
