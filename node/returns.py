"""Opening the council's returns: for exact figures on the council's own screen, or for a release's exact vector.

Both read the same way; a release uses only the files that the configuration declares, and what is undeclared counts
as zero, so that nothing about the presence of data is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from frameworks.availability import all_needs, missing_files
from frameworks.blocks import Statistic
from frameworks.model import Framework, Source
from frameworks.plan import ReleasePlan
from node.data import council_ons_code
from node.engines.duckdb_engine import DuckDbEngine
from node.engines.engine import Engine
from node.errors import ReturnsNotReady
from node.measure import NOT_AVAILABLE, Figure, measure, tabulate
from node.sources.inventory import ANNEX_A, Inventory, take_inventory
from node.sources.reading import read_returns
from node.vector import exact_vector
from node.warehouse import Warehouse, WarehouseTables


def measure_returns(
    folder: Path | None,
    year: int,
    framework: Framework,
    *,
    warehouse: Warehouse | None = None,
    council_code: str | None = None,
) -> dict[str, Figure]:
    """The exact figures of every indicator, unbounded, from the returns up to `year`.

    A `warehouse` stands in for the returns of its sources, of all with no folder; what it cannot give is not
    available. Without
    `council_code` no placement is known to be outside the council.

    Raises NodeError for a folder or a file that cannot be read, WarehouseNotReady for a warehouse.
    """
    inventory = Inventory(year, ()) if folder is None else take_inventory(folder, year)
    with _supply(inventory, year, warehouse, council_code) as supply:
        cannot = supply.cannot(framework)
        able = [indicator for indicator in framework.indicators if indicator.id not in cannot]
        figures = measure(
            supply.engines, framework.model_copy(update={"indicators": tuple(able)}), year, supply.available
        )
    return {indicator.id: figures.get(indicator.id, NOT_AVAILABLE) for indicator in framework.indicators}


def release_vector(
    folder: Path,
    plan: ReleasePlan,
    framework: Framework,
    declared: frozenset[str],
    *,
    warehouse: Warehouse | None = None,
    council_code: str | None = None,
) -> Sequence[int]:
    """The exact vector of a plan, in its order, bounded as the plan says.

    Every declared file of the plan's sources up to its year is read, whether an indicator needs it or looks back at it
    as far as it is there, so that a release says what `measure` says. No undeclared file is opened; a `warehouse`
    stands in for the declared files of its sources, from the first declared year on.

    Raises ReturnsNotReady when one of them is not there or cannot be read as a whole, and when the plan holds an
    indicator that the warehouse cannot give. A row that cannot be used is left out and never stops a release.
    """
    year = plan.reference_year
    promised = _of_plan(plan, framework, declared)
    first_year = min((int(file.partition("@")[2]) for file in promised), default=year)
    inventory = take_inventory(folder, year).only(promised)
    with _supply(inventory, year, warehouse, council_code, first_year) as supply:
        missing = promised - supply.available
        if missing:
            raise ReturnsNotReady(
                f"Declared files are not there or cannot be read: {', '.join(sorted(missing))}.",
                "Run `newlyn-node check`; put the file in place, or take it out of [returns] declared.",
            )
        able = _able(plan, framework, declared)
        cannot = sorted(able & supply.cannot(framework).keys())
        if cannot:
            raise ReturnsNotReady(
                f"The warehouse does not hold what these indicators need: {', '.join(cannot)}.",
                "Take the file that they need out of [returns] declared, or its source out of [warehouse] sources.",
            )
        tabulation = tabulate(supply.engines, framework, plan)
    return _undeclared_as_zero(plan, framework, able, exact_vector(plan, tabulation))


@dataclass(frozen=True)
class _Supply:
    """The tables of the council: the engine that holds them, or those of each source, and the files there are."""

    engines: Engine | Mapping[Source, Engine]
    available: frozenset[str]
    warehouse: WarehouseTables | None

    def cannot(self, framework: Framework) -> Mapping[str, tuple[str, ...]]:
        """The indicators that the warehouse cannot give."""
        return {} if self.warehouse is None else self.warehouse.cannot(framework)


@contextmanager
def _supply(
    inventory: Inventory,
    year: int,
    warehouse: Warehouse | None,
    council_code: str | None,
    first_year: int | None = None,
) -> Iterator[_Supply]:
    """Opens the returns and the warehouse. The warehouse comes first: pupils are joined to the children it holds."""
    own = None if council_code is None else council_ons_code(council_code)
    with DuckDbEngine.create(year) as local, ExitStack() as stack:
        engines: Engine | Mapping[Source, Engine] = local
        tables = None
        taken: tuple[Source, ...] = ()
        if warehouse is not None:
            first = None if first_year is None else max(first_year, year - warehouse.years + 1)
            tables = stack.enter_context(warehouse.open(year, local, first))
            taken = warehouse.sources
            inventory = _without(inventory, _replaced(taken, in_place=tables.in_place))
            if tables.in_place:
                engines = {**dict.fromkeys(Source, local), **tables.engines}
        report = read_returns(local, inventory, year, council_ons_code=own, filled=taken)
        yield _Supply(engines, report.available | (tables.available if tables else frozenset()), tables)


def _replaced(taken: Collection[Source], *, in_place: bool) -> frozenset[str]:
    """The first words of the kinds of file that are not read beside a warehouse.

    Pupils are joined to care records in the node's own engine: where those stay in the warehouse, education cannot be.
    """
    kinds = {source.value for source in taken}
    if Source.SSDA903 in taken:
        kinds.add("postcodes")
    if kinds & {Source.SSDA903, Source.CIN_CENSUS}:
        kinds |= {ANNEX_A, Source.EDUCATION} if in_place else {ANNEX_A}
    return frozenset(kinds)


def _without(inventory: Inventory, kinds: frozenset[str]) -> Inventory:
    return replace(inventory, files=tuple(file for file in inventory.files if file.kind.partition(".")[0] not in kinds))


def _of_plan(plan: ReleasePlan, framework: Framework, declared: frozenset[str]) -> frozenset[str]:
    """The declared files of years up to the plan's own, and of the sources that its indicators draw on.

    Pupils are known by the care records that they are joined to, so education draws on those too.
    """
    needs = [need for name in plan.indicators for need in all_needs(framework, name)]
    sources = {need.partition("@")[0].partition(".")[0] for need in needs}
    sources |= {framework.cohort(block.cohort).source.value for block in plan.blocks}
    if Source.EDUCATION in sources:
        sources |= {Source.SSDA903, Source.CIN_CENSUS}

    def belongs(file: str) -> bool:
        kind, _, year = file.partition("@")
        return kind.partition(".")[0] in sources and int(year) <= plan.reference_year

    return frozenset(file for file in declared if belongs(file))


def _able(plan: ReleasePlan, framework: Framework, declared: frozenset[str]) -> frozenset[str]:
    """The indicators of a plan whose files are declared."""
    return frozenset(
        name for name in plan.indicators if not missing_files(framework, name, plan.reference_year, declared)
    )


def _undeclared_as_zero(
    plan: ReleasePlan, framework: Framework, able: frozenset[str], exact: Sequence[int]
) -> list[int]:
    """Zeros where a needed file is not declared: what is not declared is public, and its noise says nothing.

    The totals of a cohort stand where one of the indicators that share them does, the histogram of a set where all do.
    """
    cohorts = {framework.indicator(name).cohort for name in able}
    vector = list(exact)
    for block in plan.blocks:
        counted = [name for name in (block.indicator, *block.categories) if name in plan.indicators]
        declares = block.cohort in cohorts if block.statistic is Statistic.TOTAL else able.issuperset(counted)
        if not declares:
            vector[block.indices] = [0] * block.length
    return vector
