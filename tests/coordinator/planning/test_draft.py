"""If these failed, the file that operators begin from would not be the hybrid plan, or would not compile."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from coordinator.collection_commands import collection_commands
from coordinator.collections import read_collection
from coordinator.errors import UsageProblem
from coordinator.planning.draft import draft_collection
from coordinator.planning.forecast import forecast
from frameworks.accounting import UNITS_PER_RHO, rho_from_epsilon
from frameworks.catalogue import load_framework
from frameworks.model import BREAKDOWNS

ASKED = ("cla_31_march", "placed_foster", "cin_open_31_march")


@pytest.mark.parametrize("framework", ["outcomes-2019", "national-framework-2023", "supporting-families-2022"])
def test_the_draft_compiles_as_it_is(tmp_path: Path, framework: str) -> None:
    path = tmp_path / "annual.toml"
    path.write_text(draft_collection(load_framework(framework), 2025, 1.0), encoding="utf-8")
    compiled = read_collection(path)
    assert len(compiled.plans) == 3
    assert len(compiled.plans[0].indicators) > 10


def test_councils_send_headlines_and_tables_come_from_sums(tmp_path: Path) -> None:
    path = tmp_path / "annual.toml"
    path.write_text(draft_collection(load_framework("outcomes-2019"), 2025, 1.0, ASKED), encoding="utf-8")
    headlines, england, by_region = read_collection(path).plans
    assert (headlines.secure, headlines.breakdowns) == (None, ())
    tables = tuple(breakdown.id for breakdown in BREAKDOWNS)
    assert (england.breakdowns, by_region.breakdowns) == (tables, tables)
    assert england.secure is not None
    assert by_region.secure is not None
    assert (england.secure.groups, england.secure.largest_group) == ("england", 153)
    assert (by_region.secure.groups, by_region.secure.largest_group) == ("regions", 33)
    whole = rho_from_epsilon(1.0, 1e-7) * UNITS_PER_RHO
    shares = [plan.rho_units / whole for plan in (headlines, england, by_region)]
    assert shares == pytest.approx([0.5, 0.25, 0.25], rel=1e-3)
    assert sum(shares) <= 1
    together = forecast(read_collection(path))
    assert 0.99 < together.epsilon <= 1.0
    assert all(release.grid * release.sigma_node >= 2 for release in together.releases)


def test_the_command_prints_a_file_and_nothing_else() -> None:
    runner = CliRunner()
    printed = runner.invoke(
        collection_commands, ["draft", "--year", "2025", "--epsilon", "0.5", "--indicator", "cla_31_march"]
    )
    assert printed.exit_code == 0
    file = tomllib.loads(printed.stdout)
    assert (file["epsilon"], file["release"][0]["indicators"]) == (0.5, ["cla_31_march"])
    refused = runner.invoke(collection_commands, ["draft", "--year", "2025", "--indicator", "children_lost"])
    assert (refused.exit_code, "children_lost" in refused.stderr) == (UsageProblem.exit_code, True)
