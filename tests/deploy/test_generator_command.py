"""If this fails, nobody can make up what the generator can make without writing a program."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from deploy.demo.generator.__main__ import main
from deploy.demo.generator.federation_writer import TRUTH

SMALL = ("--looked-after", "8", "--in-need", "50", "--first-year", "2024", "--last-year", "2025")


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return f"{result.exit_code} {result.output}"


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_two_returns_are_made_unless_more_is_asked_for(tmp_path: Path) -> None:
    assert run(*SMALL, "--out", tmp_path) == "0 "
    found = names(tmp_path)
    assert {"2024/CIN_census_2024.xml", "2025/SSDA903_2025_episodes.csv"} <= found
    assert all(Path(name).name.startswith(("CIN_census", "SSDA903")) for name in found)


def test_everything_can_be_asked_for_at_once(tmp_path: Path) -> None:
    more = ("--education", "--feedback", "--families", "--postcodes", "--ssd", tmp_path / "ssd")
    assert run(*SMALL, *more, "--ssd-system", "mosaic", "--out", tmp_path / "returns") == "0 "
    assert {
        *("2025/education_2025_attendance.csv", "2025/feedback_2025_answers.csv"),
        *("2025/families_2025_needs.csv", "2025/postcodes.csv"),
    } <= names(tmp_path / "returns")
    assert "ssd_cp_reviews.csv" in names(tmp_path / "ssd")
    assert "ssd_family.csv" not in names(tmp_path / "ssd")


def test_noise_rewrites_the_returns_and_leaves_the_postcodes(tmp_path: Path) -> None:
    for target, noise in (("clean", ()), ("noisy", ("--noise",))):
        assert run(*SMALL, "--postcodes", *noise, "--out", tmp_path / target) == "0 "
    clean, noisy = tmp_path / "clean", tmp_path / "noisy"
    assert (clean / "2025" / "postcodes.csv").read_bytes() == (noisy / "2025" / "postcodes.csv").read_bytes()
    same = {name for name in names(clean) & names(noisy) if (clean / name).read_bytes() == (noisy / name).read_bytes()}
    assert same == {"2024/postcodes.csv", "2025/postcodes.csv"}


def test_several_councils_have_a_folder_each_and_children_who_move(tmp_path: Path) -> None:
    assert run("--council", "301", "--council", "302", "--scale", "0.02", "--workers", "1", "--out", tmp_path) == "0 "
    assert {path.name for path in tmp_path.iterdir()} == {"301", "302", TRUTH}


def test_a_large_council_can_be_drawn_in_parts(tmp_path: Path) -> None:
    assert run(*SMALL, "--parts", "2", "--workers", "1", "--out", tmp_path) == "0 "
    assert "2025/CIN_census_2025.xml" in names(tmp_path)


def test_what_cannot_be_made_is_said(tmp_path: Path) -> None:
    assert "no council 000" in run("--council", "000", "--out", tmp_path)
    assert "together" in run("--looked-after", "5", "--out", tmp_path)
    for two in (("--council", "301", "--council", "302", "--parts", "2"), ("--ssd", tmp_path, "--parts", "2")):
        assert run(*two, "--out", tmp_path).startswith("2 ")
