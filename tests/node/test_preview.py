"""If these failed, a guardian would approve a release and be told less noise, fewer numbers or no proxies in it."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from frameworks.model import DataType
from frameworks.plan import ReleaseRequest, Statistic, compile_plan
from node.preview import PreviewedRelease, preview_release
from node.screens import _show_release
from tests.node.small_release import FRAMEWORK, policy_of

_INDICATORS = ("children", "healthy", "odd_score", "absence", "mood", "responded")
_FRAMEWORK = FRAMEWORK.model_copy(
    update={
        "indicators": tuple(
            one.model_copy(update={"data_type": DataType.PROXY, "proxy_for": "being well"})
            if one.id == "healthy"
            else one
            for one in FRAMEWORK.indicators
        )
    }
)
_PLAN = compile_plan(
    _FRAMEWORK,
    "c",
    2025,
    ReleaseRequest(id="r", mode="council", indicators=_INDICATORS, breakdowns=("sex",), rho_units=10**10),
)


@pytest.fixture
def release() -> PreviewedRelease:
    return preview_release(_PLAN, _FRAMEWORK, policy_of())


def test_the_typical_error_is_that_of_what_is_counted(release: PreviewedRelease) -> None:
    """A contrast moves by 2 for one child; an odd middle doubles distances; the parts of a ratio add up to their
    distances from the middle and the middles of the total."""

    def sigma(statistic: Statistic, name: str) -> float:
        return _PLAN.block(statistic, name).sigma

    deviations = {
        "children": sigma(Statistic.TOTAL, "looked_after"),
        "healthy": sigma(Statistic.CONTRAST, "healthy") / 2,
        "odd_score": sigma(Statistic.CENTRED_SUM, "odd_score") / 2,
        "absence": math.hypot(sigma(Statistic.CENTRED_SUM, "absence"), 10 * sigma(Statistic.TOTAL, "pupils")),
        "mood": sigma(Statistic.HISTOGRAM, "mood"),
        "responded": sigma(Statistic.CONTRAST, "responded") / 2,
    }
    shown = {indicator.id: indicator.typical_error for indicator in release.indicators}
    assert shown == {name: pytest.approx(1.959964 * deviation) for name, deviation in deviations.items()}


def test_every_number_that_an_indicator_asks_for_is_counted(release: PreviewedRelease) -> None:
    cells = {indicator.id: indicator.cells for indicator in release.indicators}
    assert cells == dict.fromkeys(_INDICATORS, 1 + 3) | {"mood": 3 * (1 + 3)}


def test_a_proxy_is_marked_with_what_it_stands_for(release: PreviewedRelease) -> None:
    assert {one.id: one.proxy_for for one in release.indicators if one.proxy_for} == {"healthy": "being well"}
    screen = io.StringIO()
    _show_release(Console(file=screen, width=160), release)
    assert "proxy for being well" in screen.getvalue()


def test_a_child_whom_two_councils_may_count_is_named(release: PreviewedRelease) -> None:
    assert "A child known to two councils in the year" in {exposure.question for exposure in release.exposures}
