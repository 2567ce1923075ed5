"""Several releases say one thing: combined wrongly, England would contradict its parts or be surer than it may be.

Every figure is set against the normal equations of all that was sent, solved as matrices: councils' headlines and
tables, secure sums of regions and of England, tables that cross, and councils that took part in some of them only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from coordinator.data import ENGLAND, current_councils, population_for, regions
from coordinator.errors import StorageFailed, UnknownCouncil, UsageProblem
from coordinator.estimates.agreed import AgreedSums
from coordinator.estimates.benchmark import Benchmark, Estimate, make_benchmark
from coordinator.estimates.reader import Reader
from coordinator.estimates.returned import Answers, Returned
from coordinator.records import GroupSum, StoredSummary
from frameworks.blocks import OVERALL, Statistic
from frameworks.plan import ReleasePlan, ReleaseRequest, compile_plan
from tests.coordinator.made_up import PUBLISHED_AT, YEAR, collection_of, federate, no_noise, request_of
from tests.frameworks.small import small_framework

LONDON, SOUTH_WEST = "E12000007", "E12000009"
COUNCILS = ("201", "202", "203", "800", "801")
FILES = frozenset({f"ssda903@{YEAR}"})
FRAMEWORK = small_framework()
HEADLINES = request_of(("healthy", "score"), epsilon=1.0)
TABLES = request_of(("healthy",), epsilon=2.0, breakdowns=("sex",), release_id="tables")
NATIONAL = request_of(
    ("healthy",), epsilon=1.0, breakdowns=("sex", "age_band"), release_id="national", groups="england"
)
REGIONAL = request_of(("healthy", "score"), epsilon=0.5, breakdowns=("sex",), release_id="regional", groups="regions")
Matrix = npt.NDArray[np.float64]


def _in(area: str) -> tuple[str, ...]:
    known = current_councils()
    return tuple(code for code in COUNCILS if area in (ENGLAND, known[code].region_code, code))


class Sent:
    """Random vectors for some releases: for each council, region or England; `noise_ratio` is of the secure sums."""

    def __init__(self, requests: Sequence[ReleaseRequest], seed: int = 1, noise_ratio: float = 1.5) -> None:
        rng = np.random.default_rng(seed)
        self.collection = collection_of(FRAMEWORK, requests)
        self.plans = tuple(compile_plan(FRAMEWORK, self.collection.id, YEAR, request) for request in requests)
        self.summaries: list[StoredSummary] = []
        self.sums: list[GroupSum] = []

        def values(plan: ReleasePlan) -> tuple[int, ...]:
            return tuple(int(entry) for entry in rng.integers(50, 900, plan.length))

        for plan in self.plans:
            if plan.secure is None:
                for code in COUNCILS:
                    self.summaries.append(
                        StoredSummary(code, self.collection.id, plan.release_id, values(plan), FILES, b"", PUBLISHED_AT)
                    )
                continue
            for group in (ENGLAND,) if plan.secure.groups == "england" else (LONDON, SOUTH_WEST):
                codes = _in(group)
                self.sums.append(
                    GroupSum(
                        self.collection.id,
                        plan.release_id,
                        group,
                        codes,
                        values(plan),
                        noise_ratio,
                        (FILES,) * len(codes),
                    )
                )

    @property
    def answers(self) -> Answers:
        return Answers(self.collection, self.plans, tuple(self.summaries), tuple(self.sums))

    def reader(self, breakdown: str = OVERALL, earlier: Sequence[Answers] = ()) -> Reader:
        returned = Returned(FRAMEWORK, self.answers, earlier)
        healthy = FRAMEWORK.indicator("healthy")
        holding = [p for p in self.plans if "healthy" in p.indicators and breakdown in (OVERALL, *p.breakdowns)]
        return Reader(healthy, breakdown, holding, returned, AgreedSums(returned), population_for(YEAR))

    def benchmark(self, earlier: Sequence[Answers] = ()) -> Benchmark:
        return make_benchmark(
            self.collection, FRAMEWORK, self.plans, self.summaries, PUBLISHED_AT, sums=self.sums, earlier=earlier
        )


BREAKDOWNS = {"sex": 3, "age_band": 6}


class Matrices:
    """Least squares over contrasts (or totals): each council has a table for every breakdown, with one sum."""

    def __init__(self, answers: Sequence[Answers], statistic: Statistic, name: str) -> None:
        self._width = 1 + sum(size - 1 for size in BREAKDOWNS.values())
        rows, values, weights = [], [], []
        for one in answers:
            plan_of = {plan.release_id: plan for plan in one.plans}
            councils = ((s.release_id, (s.council_code,), s.values, 1.0) for s in one.summaries)
            groups = ((s.release_id, s.councils, s.values, s.noise_ratio) for s in one.sums)
            for release_id, codes, sent, ratio in (*councils, *groups):
                plan = plan_of[release_id]
                for breakdown in (OVERALL, *plan.breakdowns):
                    block = plan.block(statistic, name, breakdown)
                    for level, entry in enumerate(sent[block.indices]):
                        rows.append(self.row(codes, breakdown, level))
                        values.append(float(entry))
                        weights.append(1 / (block.variance * ratio))
        design, precision = np.array(rows), np.diag(weights)
        # What nothing measures has no part in what is asked for: the pseudo-inverse leaves it out.
        self._covariance = np.linalg.pinv(design.T @ precision @ design, rcond=1e-12, hermitian=True)
        self._fitted = self._covariance @ design.T @ precision @ np.array(values)

    def row(self, codes: Sequence[str], breakdown: str, level: int) -> Matrix:
        """The sum over councils of a cell, by its parameters: a council's overall sum, then all levels but the last."""
        row = np.zeros(self._width * len(COUNCILS))
        for code in codes:
            start = self._width * COUNCILS.index(code)
            if breakdown == OVERALL:
                row[start] = 1
                continue
            before = list(BREAKDOWNS)[: list(BREAKDOWNS).index(breakdown)]
            first, free = start + 1 + sum(BREAKDOWNS[b] - 1 for b in before), BREAKDOWNS[breakdown] - 1
            if level < free:
                row[first + level] = 1
            else:
                row[start] = 1
                row[first : first + free] = -1
        return row

    def of(self, area: str, breakdown: str = OVERALL, level: int = 0) -> tuple[float, float, float]:
        """The sum, its variance, and its covariance with England's in the same cell."""
        own, whole = self.row(_in(area), breakdown, level), self.row(COUNCILS, breakdown, level)
        return (
            float(own @ self._fitted),
            float(own @ self._covariance @ own),
            float(own @ self._covariance @ whole),
        )


def _assert_least_squares(
    reader: Reader, matrices: dict[Statistic, Matrices], area: str, breakdown: str = OVERALL, level: int = 0
) -> None:
    levels = {"sex": ("female", "male", "unknown"), "age_band": ("0_4", "5_9", "10_15", "16_17", "18_plus", "unknown")}
    ((_, figure),) = reader.measured(area, levels[breakdown][level] if breakdown else "")
    for found, statistic in zip(figure.sums, (Statistic.CONTRAST, Statistic.TOTAL), strict=True):
        expected = matrices[statistic].of(area, breakdown, level)
        assert (found.value, found.variance, found.shared) == pytest.approx(expected, rel=1e-9)


def _matrices(*answers: Answers) -> dict[Statistic, Matrices]:
    return {
        Statistic.CONTRAST: Matrices(answers, Statistic.CONTRAST, "healthy"),
        Statistic.TOTAL: Matrices(answers, Statistic.TOTAL, "looked_after"),
    }


@pytest.mark.parametrize(
    "requests",
    [
        (HEADLINES,),
        (HEADLINES, TABLES),
        (HEADLINES, NATIONAL),
        (HEADLINES, NATIONAL, REGIONAL),
        (HEADLINES, TABLES, NATIONAL, REGIONAL),
    ],
    ids=lambda requests: " ".join(request.id for request in requests),
)
def test_all_releases_together_are_generalised_least_squares(requests: tuple[ReleaseRequest, ...]) -> None:
    """Values, variances and covariances with England of every area; tables of councils, regions and England cross."""
    sent = Sent(requests)
    reader, matrices = sent.reader(), _matrices(sent.answers)
    for area in (ENGLAND, LONDON, SOUTH_WEST, *COUNCILS):
        _assert_least_squares(reader, matrices, area)
    for breakdown, size in BREAKDOWNS.items():
        if any(breakdown in request.breakdowns for request in requests):
            by_level = sent.reader(breakdown)
            for area in (ENGLAND, LONDON, SOUTH_WEST) if by_level.gives_regions else (ENGLAND,):
                for level in range(size):
                    _assert_least_squares(by_level, matrices, area, breakdown, level)


def test_totals_of_another_release_with_other_indicators_count_too() -> None:
    """Two releases count the same cohort beside different indicators: both totals are measurements of it."""
    scores = request_of(("score",), epsilon=2.0, release_id="scores")
    sent = Sent((request_of(("healthy",), epsilon=1.0), scores))
    ((_, figure),) = sent.reader().measured("201")
    ((_, alone),) = Sent((request_of(("healthy",), epsilon=1.0),)).reader().measured("201")
    precision = 1 / alone.sums[1].variance + 1 / sent.plans[1].block(Statistic.TOTAL, "looked_after").variance
    assert figure.sums[1].variance == pytest.approx(1 / precision)
    assert figure.sums[0].variance == alone.sums[0].variance


def test_events_kept_in_other_numbers_are_another_sum() -> None:
    """Referrals capped at 2 a child and at 3 are not the same referrals: neither total sharpens the other."""
    two, three = (
        request_of((name,), epsilon=1.0, release_id=release)
        for name, release in (("returned", "two"), ("returned_late", "three"))
    )
    files = frozenset({f"cin_census@{YEAR}"})
    sent = Sent((two, three))
    summaries = tuple(replace(summary, declared_files=files) for summary in sent.summaries)
    returned = Returned(FRAMEWORK, replace(sent.answers, summaries=summaries))
    reader = Reader(
        FRAMEWORK.indicator("returned"), OVERALL, sent.plans[:1], returned, AgreedSums(returned), population_for(YEAR)
    )
    ((_, figure),) = reader.measured("201")
    assert figure.sums[1].variance == sent.plans[0].block(Statistic.TOTAL, "referred").variance


def _estimate(benchmark: Benchmark, area: str, level: str = "", indicator: str = "healthy") -> Estimate | None:
    key = (indicator, area, level, "")
    found = [e for e in benchmark.estimates if (e.indicator_id, e.area_code, e.level, e.category) == key]
    assert len(found) < 2
    return found[0] if found else None


def _shown(benchmark: Benchmark, area: str, level: str = "", indicator: str = "healthy") -> Estimate:
    found = _estimate(benchmark, area, level, indicator)
    assert found is not None
    return found


def test_a_headline_without_the_round_is_published_and_not_in_england() -> None:
    """A council answered the headline and not the round: England is the round's councils, that one stands alone, and it
    is compared with England as it is, whose noise has nothing of its own."""
    sent = Sent((HEADLINES, NATIONAL))
    (england,) = sent.sums
    sent.sums = [replace(england, councils=COUNCILS[1:], declared_files=(FILES,) * 4)]
    reader = sent.reader()
    assert reader.councils(ENGLAND) == COUNCILS[1:]
    assert not reader.is_within_england("201")
    assert not reader.is_within_england(LONDON), "London has a council more than England has there"
    ((_, figure),) = reader.measured("201")
    assert figure.sums[0].variance == sent.plans[0].block(Statistic.CONTRAST, "healthy").variance
    benchmark = sent.benchmark()
    assert _shown(benchmark, ENGLAND).councils == 4
    assert _shown(benchmark, ENGLAND).area_name == "England (4 of 153 councils)"
    assert _shown(benchmark, "201").position is not None
    assert _shown(benchmark, LONDON).position is None, "some of its councils are in England's figure, and not all"
    others = tuple(s for s in sent.summaries if s.council_code != "201")
    matrices = _matrices(replace(sent.answers, summaries=others))
    ((_, whole),) = reader.measured(ENGLAND)
    own = matrices[Statistic.CONTRAST]
    row = own.row(COUNCILS[1:], OVERALL, 0)
    assert whole.sums[0].variance == pytest.approx(float(row @ own._covariance @ row))


def test_a_round_of_other_councils_is_not_mixed_with_the_headlines() -> None:
    """Without the sum of just these councils, a region's own figure is what its secure sum says, and England's is not
    touched by it."""
    sent = Sent((HEADLINES, NATIONAL, REGIONAL))
    without = Sent((HEADLINES, NATIONAL, REGIONAL))
    (south_west,) = (opened for opened in sent.sums if opened.group_code == SOUTH_WEST)
    without.sums = [opened for opened in sent.sums if opened is not south_west]
    sent.sums = [*without.sums, replace(south_west, councils=("800",), declared_files=(FILES,))]
    reader = sent.reader()
    ((_, whole),) = reader.measured(ENGLAND)
    ((_, expected),) = without.reader().measured(ENGLAND)
    assert whole.sums[0].value == pytest.approx(expected.sums[0].value)
    assert whole.sums[0].variance == pytest.approx(expected.sums[0].variance)
    assert reader.councils(SOUTH_WEST) == ("800",)


def test_files_that_a_council_did_not_declare_leave_it_out_of_a_secure_sum() -> None:
    """It sent zeros: England is named as the councils that declared what is needed, in the sum or not."""
    sent = Sent((NATIONAL,))
    (england,) = sent.sums
    sent.sums = [replace(england, declared_files=(frozenset(), *(FILES,) * 4))]
    benchmark = sent.benchmark()
    assert _shown(benchmark, ENGLAND).councils == 4
    assert benchmark.coverage[0].councils == COUNCILS[1:]
    assert {council.code for council in benchmark.councils} == set(COUNCILS)


def test_a_total_of_more_children_than_the_contrast_is_not_read() -> None:
    """A council declared what the cohort needs and not what the indicator does: its children are in the secure total,
    and it has zeros in the contrast. So the total comes from the headlines of the others; the contrast is theirs."""
    before = FILES | {f"ssda903@{YEAR - 1}"}
    needing = tuple(
        one.model_copy(update={"needs": ("ssda903@Y-1",)}) if one.id == "healthy" else one
        for one in FRAMEWORK.indicators
    )
    sent = Sent((HEADLINES, request_of(("healthy", "score"), epsilon=1.0, release_id="national", groups="england")))
    sent.summaries = [replace(s, declared_files=FILES if s.council_code == "201" else before) for s in sent.summaries]
    sent.sums = [replace(sent.sums[0], declared_files=(FILES, *(before,) * 4))]
    framework = FRAMEWORK.model_copy(update={"indicators": needing})
    returned = Returned(framework, sent.answers)

    def reader(name: str) -> Reader:
        indicator = framework.indicator(name)
        return Reader(indicator, OVERALL, sent.plans, returned, AgreedSums(returned), population_for(YEAR))

    assert reader("healthy").councils(ENGLAND) == COUNCILS[1:]
    assert reader("score").councils(ENGLAND) == COUNCILS
    ((_, figure),) = reader("healthy").measured(ENGLAND)
    contrast, total = (
        4 * sent.plans[0].block(statistic, name).variance
        for statistic, name in ((Statistic.CONTRAST, "healthy"), (Statistic.TOTAL, "looked_after"))
    )
    assert figure.sums[1].variance == pytest.approx(total)
    assert figure.sums[0].variance < contrast / 2


def test_a_secure_release_alone_gives_england_and_nothing_below() -> None:
    """No council and no region has a figure that nobody sent, and no "not available" in its place."""
    benchmark = Sent((NATIONAL,)).benchmark()
    assert {e.area_code for e in benchmark.estimates} == {ENGLAND}
    assert [scale.one_council for scale in benchmark.noise] == [None]
    regional = Sent((REGIONAL,)).benchmark()
    assert {e.area_code for e in regional.estimates} == {ENGLAND, *regions()}


def test_secure_sums_sharpen_england_and_its_levels() -> None:
    """The hybrid plan: England from all three releases has less noise than from each, and its levels add up to it."""
    hybrid = Sent((HEADLINES, NATIONAL, REGIONAL)).reader()
    ((_, whole),) = hybrid.measured(ENGLAND)
    for alone in ((HEADLINES,), (NATIONAL,), (REGIONAL,)):
        ((_, one),) = Sent(alone).reader().measured(ENGLAND)
        assert whole.sums[0].variance < one.sums[0].variance
    sexes = Sent((HEADLINES, NATIONAL, REGIONAL)).reader("sex")
    levels = [dict(sexes.measured(ENGLAND, level))[""] for level in ("female", "male", "unknown")]
    for index in range(2):
        assert sum(level.sums[index].value for level in levels) == pytest.approx(whole.sums[index].value)


def _earlier(collection_id: str = "provisional", **changes: object) -> Answers:
    """The same councils' answers to a provisional collection, with other noise."""
    sent = Sent((HEADLINES,), seed=9)
    collection = sent.collection.model_copy(update={"id": collection_id, **changes})
    return Answers(
        collection,
        tuple(replace(plan, collection_id=collection_id) for plan in sent.plans),
        tuple(replace(summary, collection_id=collection_id) for summary in sent.summaries),
    )


def test_provisional_and_final_are_combined_by_inverse_variance() -> None:
    """Each council's two headlines, and England from both: least squares over both collections, which is named."""
    sent, earlier = Sent((HEADLINES, NATIONAL)), _earlier()
    reader, matrices = sent.reader(earlier=[earlier]), _matrices(sent.answers, earlier)
    for area in (ENGLAND, LONDON, *COUNCILS):
        _assert_least_squares(reader, matrices, area)
    assert sent.benchmark([earlier]).combined_with == ("provisional",)
    assert sent.benchmark().combined_with == ()


def test_who_answered_is_said_by_the_final_collection_alone() -> None:
    """A council that sent provisional figures only is not counted; one that declared other files is not combined."""
    sent, earlier = Sent((HEADLINES,)), _earlier()
    sent.summaries = [s for s in sent.summaries if s.council_code != "201"]
    summaries = tuple(
        replace(s, declared_files=FILES | {f"ssda903@{YEAR - 1}"}) if s.council_code == "202" else s
        for s in earlier.summaries
    )
    benchmark = sent.benchmark([replace(earlier, summaries=summaries)])
    assert _estimate(benchmark, "201") is None
    assert _shown(benchmark, ENGLAND).councils == 4
    reader = sent.reader(earlier=[replace(earlier, summaries=summaries)])
    own, combined = (dict(reader.measured(code))[""].sums[0].variance for code in ("202", "203"))
    assert combined == pytest.approx(own / 2)


@pytest.mark.parametrize(
    "earlier",
    [
        _earlier(reference_year=YEAR - 1),
        _earlier(framework_digest="22" * 32),
        _earlier(collection_id="made-up"),
    ],
)
def test_only_collections_over_the_same_returns_are_combined(earlier: Answers) -> None:
    """Another year, another framework or the collection itself: refused, before anything is combined."""
    with pytest.raises(UsageProblem):
        Sent((HEADLINES,)).benchmark([earlier])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"values": (1, 2, 3)}, StorageFailed),
        ({"release_id": "headlines"}, StorageFailed),
        ({"release_id": "another"}, StorageFailed),
        ({"collection_id": "another"}, StorageFailed),
        ({"group_code": "E99999999"}, StorageFailed),
        ({"group_code": LONDON}, StorageFailed),
        ({"councils": ("201",) * 5}, StorageFailed),
        ({"councils": ("000", *COUNCILS[1:])}, UnknownCouncil),
        ({"declared_files": ()}, StorageFailed),
        ({"noise_ratio": 0.0}, StorageFailed),
    ],
)
def test_a_sum_that_does_not_fit_is_refused(changes: dict[str, object], error: type[Exception]) -> None:
    """A sum of the wrong councils, release, group or length would be a false England."""
    sent = Sent((HEADLINES, NATIONAL))
    sent.sums = [replace(sent.sums[0], **changes)]  # type: ignore[arg-type]
    with pytest.raises(error):
        sent.benchmark()


def test_a_sum_counts_once() -> None:
    """Two sums of one release and group: which of them is it?"""
    sent = Sent((HEADLINES, NATIONAL))
    sent.sums = sent.sums * 2
    with pytest.raises(StorageFailed):
        sent.benchmark()


def test_one_of_a_set_is_the_share_of_its_category() -> None:
    """Reasons that exclude each other are sent as one histogram: without noise each is the exact percentage."""
    names = ("adopted", "went_home", "moved_on")
    federation = federate(
        FRAMEWORK, [request_of(names, epsilon=1.0, breakdowns=("sex",))], seed=2, councils=COUNCILS, noise=no_noise
    )
    block = federation.plans[0].block(Statistic.HISTOGRAM, "why_left")
    counts = np.sum([federation.exact["headlines", code][block.indices] for code in COUNCILS], axis=0)
    for index, name in enumerate(names):
        assert _shown(federation.benchmark, ENGLAND, indicator=name).value == pytest.approx(
            100 * counts[index] / counts.sum()
        )
        assert _shown(federation.benchmark, ENGLAND, "female", name).value is not None


def test_a_set_asked_in_another_way_is_not_mixed_in() -> None:
    """Three reasons as one histogram, and one of them by itself as a contrast: the figure is read from one form."""
    sent = Sent(
        (
            request_of(("adopted", "went_home", "moved_on"), epsilon=4.0),
            request_of(("adopted",), epsilon=1.0, release_id="one"),
        )
    )
    returned = Returned(FRAMEWORK, sent.answers)
    adopted = FRAMEWORK.indicator("adopted")
    reader = Reader(adopted, OVERALL, sent.plans, returned, AgreedSums(returned), population_for(YEAR))
    ((_, figure),) = reader.measured(ENGLAND)
    forms = {plan.release_id: plan.block_of(adopted).statistic for plan in sent.plans}
    assert forms == {"headlines": Statistic.HISTOGRAM, "one": Statistic.CONTRAST}
    assert len(figure.sums) == 4
