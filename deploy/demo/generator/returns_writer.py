"""Writing a council's histories into its files: one walk through the children, whatever is written of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Final

from deploy.demo.generator import education_writer, families_writer, feedback_writer
from deploy.demo.generator.cin_census_writer import CinCensusWriter
from deploy.demo.generator.council_rates import Council
from deploy.demo.generator.csv_writer import CsvFiles
from deploy.demo.generator.education_writer import EducationWriter
from deploy.demo.generator.families_writer import FamiliesWriter
from deploy.demo.generator.feedback_writer import FeedbackWriter
from deploy.demo.generator.history import HistoryWriter
from deploy.demo.generator.moves import Move
from deploy.demo.generator.population import WHOLE, Part, council_histories
from deploy.demo.generator.ssda903_writer import Ssda903Writer


class Files(StrEnum):
    """What can be written of a council: the two statutory returns, and files of our templates."""

    RETURNS = "returns"
    EDUCATION = "education"
    FEEDBACK = "feedback"
    FAMILIES = "families"


_Opener = Callable[[ExitStack, Path, Council, Sequence[int], int | str], Iterator[HistoryWriter]]


def _open_returns(
    stack: ExitStack, folder: Path, council: Council, years: Sequence[int], _seed: int | str
) -> Iterator[HistoryWriter]:
    for year in years:
        (folder / str(year)).mkdir(parents=True, exist_ok=True)
        yield stack.enter_context(Ssda903Writer(folder / str(year), year))
        yield stack.enter_context(CinCensusWriter(folder / str(year), year, council.la_code))


def _open_education(
    stack: ExitStack, folder: Path, council: Council, years: Sequence[int], seed: int | str
) -> Iterator[HistoryWriter]:
    files = stack.enter_context(CsvFiles(folder, years, "education", education_writer.COLUMNS))
    yield EducationWriter(files, council, years, seed)


def _open_feedback(
    stack: ExitStack, folder: Path, council: Council, years: Sequence[int], seed: int | str
) -> Iterator[HistoryWriter]:
    files = stack.enter_context(CsvFiles(folder, years, "feedback", feedback_writer.COLUMNS))
    yield FeedbackWriter(files, council, years, seed)


def _open_families(
    stack: ExitStack, folder: Path, council: Council, years: Sequence[int], seed: int | str
) -> Iterator[HistoryWriter]:
    files = stack.enter_context(CsvFiles(folder, years, "families", families_writer.COLUMNS))
    yield FamiliesWriter(files, council, years, seed)


_OPENERS: Final[dict[Files, _Opener]] = {
    Files.RETURNS: _open_returns,
    Files.EDUCATION: _open_education,
    Files.FEEDBACK: _open_feedback,
    Files.FAMILIES: _open_families,
}


def write_files(
    council: Council,
    folder: Path,
    years: Sequence[int],
    kinds: Collection[Files],
    *,
    scale: float = 1,
    seed: int | str = 0,
    moves_in: Sequence[Move] = (),
    part: Part = WHOLE,
    also: Sequence[HistoryWriter] = (),
) -> None:
    """Writes files of a made-up council to `<folder>/<year>/` for consecutive years, all of the same children.

    The same arguments give the same bytes, and a file is the same whichever others are written with it; `also` takes
    the same histories. `scale` multiplies the number of children. Raises ValueError for no years, or years with a gap.
    """
    histories = council_histories(council, years, scale=scale, seed=seed, moves_in=moves_in, part=part)
    with ExitStack() as stack:
        writers = [
            writer
            for kind, opener in _OPENERS.items()
            if kind in kinds
            for writer in opener(stack, folder, council, years, f"{seed}{part.suffix}")
        ]
        writers += also
        for history in histories:
            for writer in writers:
                writer.write(history)


def write_returns(
    council: Council, folder: Path, years: Sequence[int], *, scale: float = 1, seed: int | str = 0
) -> None:
    """Writes SSDA903 and CIN census returns, as `write_files` does."""
    write_files(council, folder, years, [Files.RETURNS], scale=scale, seed=seed)


def write_education(
    council: Council, folder: Path, years: Sequence[int], *, scale: float = 1, seed: int | str = 0
) -> None:
    """Writes education files for the children of `write_returns`, and some pupils besides, as `write_files` does."""
    write_files(council, folder, years, [Files.EDUCATION], scale=scale, seed=seed)


def write_feedback(
    council: Council, folder: Path, years: Sequence[int], *, scale: float = 1, seed: int | str = 0
) -> None:
    """Writes invitations and answers of the children of `write_returns`, as `write_files` does."""
    write_files(council, folder, years, [Files.FEEDBACK], scale=scale, seed=seed)


def write_families(
    council: Council, folder: Path, years: Sequence[int], *, scale: float = 1, seed: int | str = 0
) -> None:
    """Writes families of the children of `write_returns`, as `write_files` does."""
    write_files(council, folder, years, [Files.FAMILIES], scale=scale, seed=seed)
