"""If these failed, a secure sum would be published in other units, for other councils, or as less noisy than it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator import lifecycle
from coordinator.collections import read_collection
from coordinator.data import ENGLAND, current_councils
from coordinator.errors import StorageFailed
from coordinator.estimates.benchmark import make_benchmark
from coordinator.publication.publish import site_files
from coordinator.records import StoredSummary
from coordinator.rounds.records import OpenedRound
from coordinator.rounds.sums import opened_rounds, opened_sums
from coordinator.store.database import create_store
from coordinator.store.rounds import StoredRounds
from frameworks.collection import Collection
from frameworks.plan import ReleaseRequest
from frameworks.shares import SecureTerms
from tests.coordinator.rounds.federation import Federation, certifying, finish, small_plan
from tests.frameworks.small import small_framework

FILES = frozenset({"ssda903@2025", "feedback.answers@2025"})


@pytest.fixture(scope="module")
def world() -> Federation:
    """A published round of nine councils, one of which did not report."""
    world = Federation(councils=9, plan=small_plan(dropped=2, colluding=1, rho_units=4 * 10**12))
    finish(certifying(world, world.ids[1:]))
    return world


def rounds(world: Federation) -> tuple[OpenedRound, ...]:
    return StoredRounds(world.database).read("rounds", lambda book: opened_rounds(book, ["2025-test/national"]))


def summary(code: str, release_id: str, files: frozenset[str]) -> StoredSummary:
    return StoredSummary(code, "2025-test", release_id, (), files, b"", datetime(2025, 9, 1, tzinfo=UTC))


def test_a_sum_is_in_the_plans_units_and_its_noise_is_that_of_the_survivors(world: Federation) -> None:
    assert world.plan.secure is not None
    (found,) = opened_sums(rounds(world), [world.plan], [])
    codes = {council.ons_code: council.code for council in current_councils().values()}
    assert found.councils == tuple(sorted(codes[node_id] for node_id in world.ids[1:]))
    assert found.group_code == ENGLAND
    assert found.values == tuple(value / world.plan.secure.grid for value in world.exact(world.ids[1:]))
    assert world.plan.secure.grid > 1, "the division is not seen where the grid is 1"
    assert found.noise_ratio == 8 / (9 - 2 - 1)
    assert found.round_id == rounds(world)[0].round_id.hex()


def test_declared_files_are_those_of_the_councils_summaries(world: Federation) -> None:
    (bare,) = opened_sums(rounds(world), [world.plan], [])
    first, second = bare.councils[:2]
    sent = [summary(first, "one", FILES), summary(first, "two", frozenset({"more@2025"}))]
    (found,) = opened_sums(rounds(world), [world.plan], sent)
    assert found.declared_files[0] == FILES | {"more@2025"}
    assert found.declared_files[found.councils.index(second)] == frozenset()


def test_a_sum_of_another_plan_is_not_published(world: Federation) -> None:
    (opened,) = rounds(world)
    for plans in ([small_plan(dropped=1)], []):
        with pytest.raises(StorageFailed):
            opened_sums([opened], plans, [])
    stranger = replace(opened.cells[0], survivors=("X00000001",))
    with pytest.raises(StorageFailed):
        opened_sums([replace(opened, cells=(stranger,))], [world.plan], [])


def test_a_round_that_is_not_published_gives_nothing() -> None:
    assert rounds(certifying(Federation(councils=6))) == ()


def test_the_benchmark_is_made_from_the_sums(world: Federation) -> None:
    framework = small_framework()
    councils = opened_sums(rounds(world), [world.plan], [])[0].councils
    declared = [summary(code, "headlines", FILES) for code in councils]
    sums = opened_sums(rounds(world), [world.plan], declared)
    terms = SecureTerms(groups="england", largest_group=12, max_dropped=2, max_colluding=1)
    collection = Collection(
        id="2025-test",
        framework_id=framework.id,
        framework_version=framework.version,
        framework_digest=framework.digest,
        reference_year=2025,
        opens_at=datetime(2025, 9, 1, tzinfo=UTC),
        closes_at=datetime(2025, 10, 1, tzinfo=UTC),
        releases=(
            ReleaseRequest(
                id="national", mode="secure", indicators=world.plan.indicators, rho_units=4 * 10**12, secure=terms
            ),
        ),
    )
    now = datetime(2025, 11, 1, tzinfo=UTC)
    benchmark = make_benchmark(collection, framework, [world.plan], [], now, sums=sums)
    england = [each for each in benchmark.estimates if each.area_code == ENGLAND]
    assert {each.indicator_id for each in england} >= {"healthy", "score"}
    assert all(each.councils == 8 for each in england)
    [cost], [release] = benchmark.sums, benchmark.costs
    assert (cost.release_id, cost.group_code, cost.councils, cost.honest_shares) == ("national", ENGLAND, councils, 6)
    assert cost.rho_of_one == 6 * release.rho
    site = {path: content.decode() for path, content in site_files(benchmark) if path.endswith((".html", ".json"))}
    for page in ("methods.html", "benchmark.json"):
        assert sums[0].round_id in site[page], "nobody could ask for the papers of the round behind a figure"


COLLECTION = """\
id = "2025-annual"
framework = "outcomes-2019"
reference_year = 2025
opens = 2026-11-01
closes = 2026-12-31

[[release]]
id = "headlines"
mode = "council"
indicators = ["referrals"]
rho = 0.01

[[release]]
id = "national"
mode = "secure"
groups = "england"
max_dropped = 2
indicators = ["cla_31_march", "placements_3plus"]
rho = 0.01

[[release]]
id = "regional"
mode = "secure"
groups = "regions"
indicators = ["cla_31_march"]
rho = 0.01
"""


def test_publishing_starts_from_the_sums_of_the_collections_own_rounds(tmp_path: Path) -> None:
    now, path = datetime(2026, 11, 25, tzinfo=UTC), tmp_path / "collection.toml"
    path.write_text(COLLECTION, encoding="utf-8")
    compiled = read_collection(path)
    store = create_store(tmp_path / "coordinator.sqlite")
    lifecycle.open_collection(store, compiled, Ed25519PrivateKey.generate(), now)
    world = Federation(councils=9, plan=compiled.plans[1], database=store)
    finish(certifying(world, world.ids[1:]))
    lifecycle.close_collection(store, "2025-annual", now)
    received = lifecycle.received(store, "2025-annual")
    assert received.sums == opened_sums([world.opened()], received.plans, [])
    assert [(found.release_id, len(found.councils)) for found in received.sums] == [("national", 8)]
    store.close()
