"""If this fails, the demo's pages and every test over made-up councils show a country that is not like England."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from deploy.demo.generator import choose_councils, council_like_england, write_returns
from tests.deploy.plain_figures import care_figures, need_figures

CHILDREN = 450_000
ENGLAND_CHILDREN = 12_183_016

PERCENTAGES = {
    "rereferral_12m_referrals": (22.6, 4.0),
    "referral_nfa": (6.5, 1.5),
    "assessed_not_in_need": (30.8, 3.0),
    "cpp_repeat_ever": (24.5, 4.5),
    "cpp_2y_open": (2.3, 1.2),
    "ceased_home": (19.0, 5.0),
    "ceased_sgo": (12.0, 4.0),
    "ceased_adopted": (9.0, 3.0),
    "placed_foster": (67.0, 6.0),
    "placed_childrens_home": (12.0, 4.0),
    "placed_supported": (9.0, 4.0),
    "missing_cla": (11.0, 2.5),
    "placements_3plus": (10.4, 3.0),
    "same_carer_2y": (68.5, 6.0),
    "social_workers_3plus": (26.6, 4.0),
    "sdq_coverage": (78.2, 4.0),
    "sdq_concern": (42.4, 4.0),
    "sdq_borderline": (12.8, 3.0),
    "health_assessment": (89.8, 2.5),
    "immunisation": (84.0, 3.0),
    "dental_check": (80.9, 3.0),
    "development_check_u5": (87.7, 8.0),
    "substance_misuse": (3.0, 2.5),
    "convicted": (2.0, 1.5),
    "care_leaver_eet_17_18": (63.7, 6.0),
    "care_leaver_eet_19_21": (54.0, 4.0),
    "care_leaver_he_19_21": (6.2, 2.5),
    "care_leaver_suitable_17_18": (90.7, 5.0),
    "care_leaver_suitable_19_21": (88.5, 3.0),
}
"""England's published percentages of 2025, and how far a made-up council of this size may be from them, in points."""

COUNTS = {
    "cin_open_31_march": 402_400,
    "referrals": 632_830,
    "s47_started": 230_600,
    "conferences": 72_090,
    "cpp_started": 61_840,
    "cpp_open_31_march": 49_420,
    "cla_31_march": 81_770,
    "cla_started": 32_270,
    "cla_ceased": 34_450,
    "cla12": 58_530,
    "care_leavers_17_18": 14_800,
    "care_leavers_19_21": 38_440,
}
"""England's published counts of 2025."""


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    folder = tmp_path_factory.mktemp("england")
    write_returns(council_like_england(CHILDREN), folder, range(2022, 2026), seed=2)
    return need_figures(folder, 2025) | care_figures(folder, 2025)


@pytest.mark.parametrize("indicator", PERCENTAGES)
def test_percentages_are_near_englands(figures: dict[str, float], indicator: str) -> None:
    published, tolerance = PERCENTAGES[indicator]
    assert figures[indicator] == pytest.approx(published, abs=tolerance)


@pytest.mark.parametrize("count", COUNTS)
def test_numbers_per_child_are_near_englands(figures: dict[str, float], count: str) -> None:
    assert figures[count] == pytest.approx(COUNTS[count] * CHILDREN / ENGLAND_CHILDREN, rel=0.15)


def test_the_mean_score_is_near_englands(figures: dict[str, float]) -> None:
    assert figures["sdq_mean"] == pytest.approx(14.9, abs=0.7)


def test_stocks_are_steady_from_the_first_year_on(tmp_path: Path) -> None:
    """Without a past before the first year, cases and looked-after children would still be piling up."""
    write_returns(council_like_england(150_000), tmp_path, range(2021, 2026), seed=4)
    early, late = (need_figures(tmp_path, year) | care_figures(tmp_path, year) for year in (2022, 2025))
    for stock in ("cin_open_31_march", "cpp_open_31_march", "cla_31_march", "cla12", "care_leavers_19_21"):
        assert early[stock] == pytest.approx(late[stock], rel=0.2), stock


def test_councils_differ_as_the_real_ones_do(tmp_path: Path) -> None:
    """A council's own rates come through: what is drawn is nearer to them than to the middle of the country."""
    for council in choose_councils(4, random.Random(9)):
        folder = tmp_path / council.la_code
        write_returns(council, folder, range(2022, 2026), scale=700 / council.cla_31_march, seed=8)
        found = need_figures(folder, 2025) | care_figures(folder, 2025)
        for indicator, tolerance in (
            ("rereferral_12m_referrals", 4.0),
            ("assessed_not_in_need", 4.0),
            ("social_workers_3plus", 6.0),
            ("placements_3plus", 5.0),
            ("same_carer_2y", 13.0),
            ("sdq_mean", 1.2),
            ("care_leaver_eet_19_21", 9.0),
        ):
            drawn = getattr(council, indicator)
            assert found[indicator] == pytest.approx(drawn, abs=tolerance), (council.name, indicator)
