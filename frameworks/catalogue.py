"""The frameworks that are installed: their files merged, checked and hashed.

`data/definitions/*.toml` say what is measured: views, cohorts and indicators. `data/<framework>.toml` says which of
those indicators a framework holds and where it puts them, so that several frameworks share one measurement.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from frameworks.definitions import Relation, SqlType, check_definition, table_relations
from frameworks.errors import DefinitionRefused, UnknownFramework
from frameworks.model import (
    Cohort,
    Framework,
    Identifier,
    Indicator,
    IndicatorDefinition,
    Kind,
    Model,
    Question,
    Unit,
    View,
    WantedIndicator,
)
from frameworks.toml_file import TomlFile, digest

DATA = Path(__file__).parent / "data"

_EVENT_TYPES = (SqlType.WHOLE, SqlType.TEXT, SqlType.DATE)
_YIELDS: dict[Kind, dict[str, SqlType]] = {
    Kind.MEAN: {"value": SqlType.WHOLE},
    Kind.RATIO: {"part": SqlType.WHOLE, "whole": SqlType.WHOLE},
    Kind.HISTOGRAM: {"category": SqlType.TEXT},
}
"""What an outcome of a kind yields besides whose it is."""


class _DefinitionFile(Model):
    """A file of definitions."""

    views: tuple[View, ...] = ()
    cohorts: tuple[Cohort, ...]
    indicators: tuple[IndicatorDefinition, ...]


class _Domain(Model):
    """A domain of a question: the indicators that a framework puts there, and what they descend from."""

    question: Identifier
    title: str
    lineage: str | None = None
    indicators: tuple[Identifier, ...]


class _FrameworkFile(Model):
    """A framework's own file. `definitions` names the files of definitions it draws on, without `.toml`."""

    id: str
    version: str
    title: str
    source: str
    note: str
    definitions: tuple[Identifier, ...]
    questions: tuple[Question, ...]
    domains: tuple[_Domain, ...]
    wanted: tuple[WantedIndicator, ...] = ()


class _Definitions:
    """Every view, cohort and indicator of some files, each checked against what came before it."""

    def __init__(self) -> None:
        self._relations = table_relations()
        self._cohort_relations: dict[str, Relation] = {}
        self.views: dict[str, View] = {}
        self.cohorts: dict[str, Cohort] = {}
        self.indicators: dict[str, IndicatorDefinition] = {}
        self._cohort_of_set: dict[str, str] = {}

    def add(self, file: TomlFile) -> None:
        """Adds a file. Raises InvalidFramework or DefinitionRefused."""
        read = file.parsed(_DefinitionFile)
        for view in read.views:
            _new(file, "views", view.id, self._relations)
            checked = check_definition(view.sql, self._relations, file.place("views", view.id, view.sql))
            self._relations[view.id] = checked.relation
            self.views[view.id] = view.model_copy(update={"sql": checked.sql})
        for cohort in read.cohorts:
            _new(file, "cohorts", cohort.id, self.cohorts)
            self.cohorts[cohort.id] = self._cohort(file, cohort)
        for indicator in read.indicators:
            _new(file, "indicators", indicator.id, (*self.indicators, *self._cohort_of_set))
            self.indicators[indicator.id] = self._indicator(file, indicator)
            self._check_set(file, indicator)

    def _cohort(self, file: TomlFile, cohort: Cohort) -> Cohort:
        checked = check_definition(cohort.sql, self._relations, file.place("cohorts", cohort.id, cohort.sql))
        columns = dict(checked.relation.columns)
        wanted = [cohort.owner, "event", "event_date"] if cohort.unit is Unit.EVENT else [cohort.owner]
        key = f"cohorts.{cohort.id}.sql"
        if list(columns) != wanted:
            raise file.invalid(
                key, f"a cohort of unit {cohort.unit} yields {', '.join(wanted)}", "Select those, in order."
            )
        if cohort.unit is Unit.EVENT and (columns["event"] not in _EVENT_TYPES or columns["event_date"] != "date"):
            raise file.invalid(
                key, "event must be a number, text or date, and event_date a date", "Select such columns."
            )
        if checked.relation.source is not cohort.source:
            raise file.invalid(key, f"it reads tables of {checked.relation.source}", "Name that as its source.")
        if cohort.unit is not Unit.EVENT and not checked.relation.one_row:
            place = file.place("cohorts", cohort.id, cohort.sql)
            raise DefinitionRefused(
                f"{place.file}, line {place.line}, column {place.column}: in {place.definition}, a {cohort.unit} could"
                " have two rows.",
                f"Write SELECT DISTINCT {cohort.owner}, or group by it alone.",
            )
        self._cohort_relations[cohort.id] = checked.relation
        return cohort.model_copy(update={"sql": checked.sql})

    def _indicator(self, file: TomlFile, indicator: IndicatorDefinition) -> IndicatorDefinition:
        key = f"indicators.{indicator.id}"
        if indicator.cohort not in self.cohorts:
            raise file.invalid(f"{key}.cohort", f"there is no cohort {indicator.cohort}", "Name one that is defined.")
        events = self.cohorts[indicator.cohort].unit is Unit.EVENT
        if indicator.event_cap != 1 and not events:
            raise file.invalid(f"{key}.event_cap", "its cohort counts children", "Leave event_cap out.")
        if events and indicator.kind not in (Kind.COUNT, Kind.PERCENT):
            raise file.invalid(f"{key}.kind", f"a {indicator.kind} is of children", "Choose a cohort of children.")
        if indicator.outcome is None:
            return indicator
        place = file.place("indicators", indicator.id, indicator.outcome)
        checked = check_definition(indicator.outcome, self._relations, place)
        cohort = self._cohort_relations[indicator.cohort]
        wanted = {self.cohorts[indicator.cohort].owner: SqlType.CHILD}
        if events:
            wanted["event"] = cohort.columns["event"]
        wanted |= _YIELDS.get(indicator.kind, {})
        if list(checked.relation.columns.items()) != list(wanted.items()):
            described = ", ".join(f"{name} ({sql_type})" for name, sql_type in wanted.items())
            raise file.invalid(f"{key}.outcome", f"it must yield {described}", "Select those, in order.")
        if checked.relation.source is not cohort.source:
            raise file.invalid(f"{key}.outcome", f"its cohort reads tables of {cohort.source}", "Use one source.")
        return indicator.model_copy(update={"outcome": checked.sql})

    def _check_set(self, file: TomlFile, indicator: IndicatorDefinition) -> None:
        """Outcomes that exclude each other are of the children of one cohort, and their set has a name of its own."""
        if indicator.exclusive is None:
            return
        key = f"indicators.{indicator.id}.exclusive"
        if self.cohorts[indicator.cohort].unit is not Unit.CHILD:
            raise file.invalid(key, "its cohort does not count children", "Leave exclusive out.")
        _new(file, key, indicator.exclusive, self.indicators)
        cohort = self._cohort_of_set.setdefault(indicator.exclusive, indicator.cohort)
        if cohort != indicator.cohort:
            raise file.invalid(key, f"the set {indicator.exclusive} is of the cohort {cohort}", "Name another set.")


def _new(file: TomlFile, key: str, identifier: str, taken: Iterable[str]) -> None:
    if identifier in taken:
        raise file.invalid(f"{key}.{identifier}", "the name is taken", "Give it a name of its own.")


def installed_frameworks(folder: Path = DATA) -> tuple[str, ...]:
    """The ids of the frameworks in `folder`, in order."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


@cache
def load_framework(framework_id: str, folder: Path = DATA) -> Framework:
    """The framework of that id, every definition checked.

    Raises
    ------
    UnknownFramework
        When no such framework is installed.
    InvalidFramework
        For a file that does not follow the model; the text names the file and the key.
    DefinitionRefused
        For a definition that is not allowed; the text names the file, the line and the column.
    """
    installed = installed_frameworks(folder)
    if framework_id not in installed:
        raise UnknownFramework(
            f"No framework of that name is installed; there are: {', '.join(installed) or 'none'}.",
            "Name one of these, or install a version that holds it.",
        )
    file = TomlFile.read(folder / f"{framework_id}.toml")
    read = file.parsed(_FrameworkFile)
    if read.id != framework_id:
        raise file.invalid("id", "it differs from the name of the file", f"Write {framework_id}.")
    definitions = _Definitions()
    sources = [TomlFile.read(folder / "definitions" / f"{name}.toml") for name in read.definitions]
    for source in sources:
        definitions.add(source)
    indicators = _placed(file, read, definitions)
    used = {indicator.cohort for indicator in indicators}
    return Framework(
        id=read.id,
        version=read.version,
        title=read.title,
        source=read.source,
        note=read.note,
        questions=read.questions,
        views=tuple(definitions.views.values()),
        cohorts=tuple(cohort for cohort in definitions.cohorts.values() if cohort.id in used),
        indicators=indicators,
        wanted=_wanted(file, read),
        digest=digest([file, *sources]),
    )


def _wanted(file: TomlFile, read: _FrameworkFile) -> tuple[WantedIndicator, ...]:
    taken = {name for domain in read.domains for name in domain.indicators}
    questions = {question.id for question in read.questions}
    for wanted in read.wanted:
        _new(file, "wanted", wanted.id, taken)
        taken.add(wanted.id)
        if wanted.question not in questions:
            raise file.invalid(f"wanted.{wanted.id}.question", f"there is no question {wanted.question}", "Name one.")
    return read.wanted


def _placed(file: TomlFile, read: _FrameworkFile, definitions: _Definitions) -> tuple[Indicator, ...]:
    questions = {question.id for question in read.questions}
    placed: dict[str, Indicator] = {}
    for domain in read.domains:
        if domain.question not in questions:
            raise file.invalid(
                f"domains.{domain.title}.question", f"there is no question {domain.question}", "Name one of them."
            )
        for name in domain.indicators:
            _new(file, "indicators", name, placed)
            if name not in definitions.indicators:
                raise file.invalid(
                    f"indicators.{name}", "no file of definitions holds it", "Correct the name, or define it."
                )
            standing = {"question": domain.question, "domain": domain.title, "lineage": domain.lineage}
            placed[name] = Indicator.model_validate(definitions.indicators[name].model_dump() | standing)
    for indicator in placed.values():
        for companion in indicator.companions:
            if companion not in placed:
                raise file.invalid(
                    f"indicators.{indicator.id}", f"it goes with {companion}, which is not here", "Add that one."
                )
    return tuple(placed.values())
