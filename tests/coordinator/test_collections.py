"""If these failed, councils would be asked for something else than the operator wrote, or at a price nobody saw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coordinator import lifecycle
from coordinator.collections import CompiledCollection, read_collection
from coordinator.errors import CoordinatorError, InvalidCollection, UnknownCollection, WrongState
from coordinator.lifecycle import Received
from coordinator.planning.forecast import forecast
from coordinator.refusals import NotPublishedYet
from frameworks.accounting import UNITS_PER_RHO, epsilon_from_rho
from frameworks.blocks import Statistic
from frameworks.catalogue import load_framework
from frameworks.plan import compile_plan
from protos.benchmark.v1.benchmark_pb2 import Benchmark
from protos.collection.v1.collection_pb2 import (
    RELEASE_GROUPS_ENGLAND,
    RELEASE_MODE_COUNCIL,
    RELEASE_MODE_SECURE,
    Collection,
)
from protos.envelope.v1.envelope_pb2 import SignedEnvelope
from protos.signing import Label, open_envelope, public_bytes
from tests.coordinator.world import World

HEAD = """\
id = "2025-annual"
framework = "outcomes-2019"
reference_year = 2025
opens = 2026-11-01
closes = 2026-12-31
"""
RELEASE = """
[[release]]
id = "headlines"
mode = "council"
indicators = ["cla_31_march", "placements_3plus", "sdq_mean"]
breakdowns = ["sex"]
"""
PLACEMENTS = Statistic.CONTRAST, "placements_3plus"
BY_EPSILON = RELEASE + "epsilon = 1.0\ndelta = 1e-6\n"


def read(folder: Path, text: str) -> CompiledCollection:
    path = folder / "collection.toml"
    path.write_text(text, encoding="utf-8")
    return read_collection(path)


def test_a_file_becomes_the_plans_that_nodes_compile(tmp_path: Path) -> None:
    compiled = read(tmp_path, HEAD + BY_EPSILON)
    framework, collection = load_framework("outcomes-2019"), compiled.collection
    assert (collection.framework_version, collection.framework_digest) == (framework.version, framework.digest)
    (request,) = collection.releases
    assert compiled.plans == (compile_plan(framework, "2025-annual", 2025, request),)


def test_dates_are_whole_days_and_times_keep_their_offset(tmp_path: Path) -> None:
    collection = read(tmp_path, HEAD + BY_EPSILON).collection
    assert collection.opens_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert collection.closes_at == datetime(2027, 1, 1, tzinfo=UTC)
    timed = HEAD.replace("2026-12-31", "2026-12-31T17:00:00+01:00")
    assert read(tmp_path, timed + BY_EPSILON).collection.closes_at == datetime(2026, 12, 31, 16, tzinfo=UTC)


def test_the_cost_never_exceeds_what_the_file_says(tmp_path: Path) -> None:
    (plan,) = read(tmp_path, HEAD + BY_EPSILON).plans
    assert 0.99 < epsilon_from_rho(plan.rho_units / UNITS_PER_RHO, 1e-6) <= 1.0
    (plan,) = read(tmp_path, HEAD + RELEASE + "rho = 0.1\n").plans
    assert 0.0999 * UNITS_PER_RHO < plan.rho_units <= 0.1 * UNITS_PER_RHO


def test_the_forecast_is_that_of_the_plan(tmp_path: Path) -> None:
    compiled = read(tmp_path, HEAD + BY_EPSILON)
    together = forecast(compiled)
    (plan,), (shown,) = compiled.plans, together.releases
    assert shown.vector_length == plan.length
    assert shown.rho == together.rho == plan.rho_units / UNITS_PER_RHO
    assert shown.rho < shown.replace_one_rho <= 4 * shown.rho
    assert shown.delta == 1e-6
    assert [block.sigma for block in shown.blocks] == [block.sigma for block in plan.blocks]
    assert shown.sigma == shown.sigma_node == min(block.sigma for block in plan.blocks)
    assert (shown.grid, shown.modulus_bits, shown.groups) == (1, 64, None)
    assert shown.plan_hash == plan.plan_hash.hex()
    assert [error.indicator for error in shown.indicators] == ["cla_31_march", "placements_3plus", "sdq_mean"]
    assert all(error.england and error.council and error.england < error.council for error in shown.indicators[1:])


def test_the_noise_is_divided_by_the_weights_of_the_file(tmp_path: Path) -> None:
    (plain,) = read(tmp_path, HEAD + BY_EPSILON).plans
    (asked,) = read(tmp_path, HEAD + BY_EPSILON + "weights = { indicators = { sdq_mean = 100 } }\n").plans
    assert asked.rho_units == pytest.approx(plain.rho_units, rel=1e-3)
    score, share = (asked.block(*wanted) for wanted in ((Statistic.CENTRED_SUM, "sdq_mean"), PLACEMENTS))
    assert score.sigma < plain.block(Statistic.CENTRED_SUM, "sdq_mean").sigma / 1.3
    assert share.sigma > plain.block(*PLACEMENTS).sigma


def test_releases_share_what_the_file_may_cost(tmp_path: Path) -> None:
    file = HEAD + "epsilon = 1.0\ndelta = 1e-7\n"
    first, second = read(
        tmp_path, file + RELEASE + "share = 0.75\n" + RELEASE.replace("headlines", "others") + "share = 0.25\n"
    ).plans
    assert first.rho_units / second.rho_units == pytest.approx(3, rel=1e-3)
    assert 0.99 < epsilon_from_rho((first.rho_units + second.rho_units) / UNITS_PER_RHO, 1e-7) <= 1.0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "id"),
        ("id = ", "TOML"),
        (HEAD, "release"),
        (HEAD + RELEASE, "rho"),
        (HEAD + BY_EPSILON + "rho = 0.1\n", "rho"),
        (HEAD + RELEASE + "epsilon = 1.0\n", "delta"),
        (HEAD + RELEASE + "share = 0.5\n", "share"),
        (HEAD + "epsilon = 1.0\ndelta = 1e-7\n" + BY_EPSILON, "share"),
        (HEAD + "epsilon = 1.0\ndelta = 1e-7\n" + RELEASE + "share = 1.5\n", "share"),
        (HEAD + "epsilon = 1.0\n" + RELEASE + "share = 0.5\n", "delta"),
        (HEAD + BY_EPSILON + "groups = 'england'\n", "groups"),
        (HEAD + BY_EPSILON.replace('"council"', '"secure"'), "groups"),
        (HEAD + BY_EPSILON.replace('"council"', '"secure"') + "groups = 'regions'\nmax_dropped = 33\n", "honest"),
        (HEAD + BY_EPSILON + "weights = { overall = 0 }\n", "weights"),
        (HEAD + BY_EPSILON + "weights = { sex = 2 }\n", "weights"),
        (HEAD + RELEASE + "rho = 0.0\n", "rho"),
        (HEAD + RELEASE + "rho = nan\n", "rho"),
        (HEAD + RELEASE + "rho = inf\n", "rho"),
        (HEAD + RELEASE + "rho = 1e-13\n", "above 0"),
        (HEAD + BY_EPSILON.replace("1e-6", "1.0"), "delta"),
        (HEAD + BY_EPSILON + "noise = false\n", "noise"),
        (HEAD + "sql = 'select 1'\n" + BY_EPSILON, "sql"),
        (HEAD + BY_EPSILON + BY_EPSILON, "id"),
        (HEAD + BY_EPSILON.replace("cla_31_march", "children_lost"), "children_lost"),
        (HEAD + BY_EPSILON.replace('"sex"', '"postcode"'), "breakdowns"),
        (HEAD + BY_EPSILON.replace('"council"', '"open"'), "mode"),
        (HEAD.replace("outcomes-2019", "outcomes-1919") + BY_EPSILON, "framework"),
        (HEAD.replace("2025-annual", "../annual") + BY_EPSILON, "id"),
        (HEAD.replace("2026-12-31", "2026-10-01") + BY_EPSILON, "closes"),
        (HEAD.replace("2026-12-31", "2026-12-31T17:00:00") + BY_EPSILON, "offset"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(InvalidCollection, match=named):
        read(tmp_path, text)


def annual(world: World, tmp_path: Path, text: str = HEAD + BY_EPSILON) -> CompiledCollection:
    """The collection, with a window around the world's clock."""
    now = world.clock()
    window = {"2026-11-01": f"{now - timedelta(days=1):%Y-%m-%d}", "2026-12-31": f"{now + timedelta(days=1):%Y-%m-%d}"}
    for written, wanted in window.items():
        text = text.replace(written, wanted)
    return read(tmp_path, text)


def test_what_is_opened_is_signed_as_asked(world: World, tmp_path: Path) -> None:
    compiled = annual(world, tmp_path)
    lifecycle.open_collection(world.store, compiled, world.signing_key, world.clock())
    (envelope,) = world.service.open_collections()
    payload = open_envelope(SignedEnvelope.FromString(envelope), Label.COLLECTION, public_bytes(world.signing_key))
    message = Collection.FromString(payload)
    assert message.id == "2025-annual"
    assert message.framework_digest.hex() == load_framework("outcomes-2019").digest
    assert message.closes_at == compiled.collection.closes_at.timestamp()
    (release,), (plan,) = message.releases, compiled.plans
    assert (release.id, release.mode, release.plan_hash) == ("headlines", RELEASE_MODE_COUNCIL, plan.plan_hash)
    assert release.rho_units == compiled.collection.releases[0].rho_units


SECURE = BY_EPSILON.replace('"council"', '"secure"').replace("headlines", "tables") + 'groups = "england"\n'


def test_a_secure_release_is_offered_with_its_terms(world: World, tmp_path: Path) -> None:
    lifecycle.open_collection(
        world.store, annual(world, tmp_path, HEAD + BY_EPSILON + SECURE), world.signing_key, world.clock()
    )
    (envelope,) = world.service.open_collections()
    payload = open_envelope(SignedEnvelope.FromString(envelope), Label.COLLECTION, public_bytes(world.signing_key))
    council, secure = Collection.FromString(payload).releases
    assert (council.mode, secure.mode) == (RELEASE_MODE_COUNCIL, RELEASE_MODE_SECURE)
    assert (secure.secure.groups, secure.secure.largest_group, secure.secure.max_dropped) == (
        RELEASE_GROUPS_ENGLAND,
        153,
        3,
    )
    assert not council.HasField("secure")
    assert len(secure.precisions) == len(council.precisions) > 0


def test_opening_again_changes_nothing_and_asking_otherwise_is_refused(world: World, tmp_path: Path) -> None:
    compiled = annual(world, tmp_path)
    for _ in range(2):
        lifecycle.open_collection(world.store, compiled, world.signing_key, world.clock())
    dearer = annual(world, tmp_path, HEAD + BY_EPSILON.replace("epsilon = 1.0", "epsilon = 2.0"))
    with pytest.raises(WrongState):
        lifecycle.open_collection(world.store, dearer, world.signing_key, world.clock())
    assert len(world.service.open_collections()) == 1


def test_a_window_that_is_over_is_not_opened(world: World, tmp_path: Path) -> None:
    compiled = annual(world, tmp_path)
    world.clock.now += timedelta(days=30)
    with pytest.raises(InvalidCollection, match="over"):
        lifecycle.open_collection(world.store, compiled, world.signing_key, world.clock())


class Unwritable(CoordinatorError):
    """The site could not be written."""


def test_the_life_of_a_collection(world: World, tmp_path: Path) -> None:
    def make(received: Received) -> bytes:
        return Benchmark(collection_id=received.stored.collection.id, reference_year=2025).SerializeToString()

    def fail(_received: Received) -> bytes:
        raise Unwritable("The folder is read-only.", "Choose another.")

    compiled, arguments = annual(world, tmp_path), (world.store, "2025-annual")
    with pytest.raises(UnknownCollection):
        lifecycle.close_collection(*arguments, world.clock())
    lifecycle.open_collection(world.store, compiled, world.signing_key, world.clock())
    with pytest.raises(WrongState):
        lifecycle.publish_collection(*arguments, world.signing_key, make, world.clock())
    for _ in range(2):
        lifecycle.close_collection(*arguments, world.clock())
    assert world.service.open_collections() == []
    with pytest.raises(WrongState):
        lifecycle.open_collection(world.store, compiled, world.signing_key, world.clock())
    with pytest.raises(Unwritable):
        lifecycle.publish_collection(*arguments, world.signing_key, fail, world.clock())
    with pytest.raises(NotPublishedYet):
        world.service.benchmark("2025-annual")
    for _ in range(2):
        lifecycle.publish_collection(*arguments, world.signing_key, make, world.clock())
        lifecycle.close_collection(*arguments, world.clock())
    envelope = SignedEnvelope.FromString(world.service.benchmark("2025-annual"))
    payload = open_envelope(envelope, Label.BENCHMARK, public_bytes(world.signing_key))
    assert Benchmark.FromString(payload).collection_id == "2025-annual"
