"""If these failed, a council's files would speak by something beside the noised vector: one child's row, or a bad one.

From files to the bytes that leave, with the real framework: the same council, whose SSDA903 differs in one child or in
what is wrong with it, answers the same collection. Privacy reference 9.8 and 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from frameworks.catalogue import load_framework
from frameworks.collection import Collection
from frameworks.plan import ReleaseRequest, compile_plan
from node.errors import ReturnsNotReady
from node.ledger import Ledger
from node.returns import release_vector
from tests.node.small_release import NOW, Clock, door_of, policy_of, summary_of
from tests.node.ssda903_csv import EPISODES, HEADER, MISSING, OC2, child, csv_text, episode, write_returns

FRAMEWORK = load_framework("outcomes-2019")
DECLARED = frozenset({"ssda903@2025", "ssda903.oc2@2025", "ssda903.missing@2025"})
REQUEST = ReleaseRequest(
    id="headlines",
    mode="council",
    indicators=("cla_31_march", "placed_foster", "missing_cla", "sdq_mean", "convicted", "placements_mean"),
    breakdowns=("sex", "age_band"),
    rho_units=20_000_000_000,
)
COLLECTION = Collection(
    id="2025-annual",
    framework_id=FRAMEWORK.id,
    framework_version=FRAMEWORK.version,
    framework_digest=FRAMEWORK.digest,
    reference_year=2025,
    opens_at=NOW - timedelta(days=1),
    closes_at=NOW + timedelta(days=30),
    releases=(REQUEST,),
)
PLAN = compile_plan(FRAMEWORK, COLLECTION.id, 2025, REQUEST)

CHILDREN = tuple(f"Q{number}" for number in range(12))


def files_of(*children: str) -> dict[str, str]:
    """The returns of a council that looks after these children."""
    return {
        "2025/header.csv": csv_text(HEADER, *(child(name) for name in children)),
        "2025/episodes.csv": csv_text(EPISODES, *(episode(name, "01/06/2023") for name in children)),
        "2025/oc2.csv": csv_text(OC2, *(f"{name},01/01/2015,12,,0,1,1,1,1,0,0,0" for name in children)),
        "2025/missing.csv": csv_text(MISSING, *(f"{name},01/01/2015,M,01/07/2024,03/07/2024" for name in children)),
    }


BASE = files_of(*CHILDREN)


def _more(name: str, *rows: str) -> dict[str, str]:
    return BASE | {name: BASE[name] + "".join(f"{row}\n" for row in rows)}


OTHERS: dict[str, Mapping[str, str]] = {
    "one child less": files_of(*CHILDREN[:-1]),
    "one child more": files_of(*CHILDREN, "Q99"),
    "one malformed row": _more("2025/episodes.csv", episode("Q99", "31/02/2024")),
    "a row of too few columns": _more("2025/header.csv", "Q99,2"),
    "a child twice": _more("2025/header.csv", child("Q1", sex="1", born="01/01/2009")),
    "a value far outside its bounds": _more("2025/oc2.csv", "Q1,01/01/2015,4000000000,,1,1,1,1,1,0,0,0"),
    "a file without rows": BASE | {"2025/missing.csv": csv_text(MISSING)},
    "no children at all": files_of(),
}


def _leaves(folder: Path, files: Mapping[str, str]) -> tuple[bytes, int, list[int], list[str]]:
    """What leaves but for the values, the size of the whole, the values, and the kinds of the ledger's entries."""
    returns = write_returns(folder / "returns", files)
    with Ledger.open(folder / "state" / "ledger.db", Clock(), new_key=lambda: bytes(32)) as ledger:
        door = door_of(ledger, policy=policy_of(frameworks=(FRAMEWORK.id,)))
        door.prepare(
            COLLECTION,
            PLAN,
            declared_files=DECLARED,
            exact_vector=lambda: release_vector(returns, PLAN, FRAMEWORK, DECLARED),
            remembered_head=None,
        )
        (stored,) = door.outgoing()
        summary = summary_of(stored.envelope)
        values = list(summary.values)
        del summary.values[:]
        return (
            summary.SerializeToString(deterministic=True),
            len(stored.envelope),
            values,
            [entry.kind for entry in ledger.entries()],
        )


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_whatever_is_in_the_files_only_the_noised_values_differ(tmp_path: Path, other: Mapping[str, str]) -> None:
    one, two = _leaves(tmp_path / "one", BASE), _leaves(tmp_path / "two", other)
    assert (one[0], one[1], one[3]) == (two[0], two[1], two[3])
    assert len(one[2]) == len(two[2]) == PLAN.length


def test_the_returns_were_really_measured(tmp_path: Path) -> None:
    returns = write_returns(tmp_path, BASE)
    exact = release_vector(returns, PLAN, FRAMEWORK, DECLARED)
    fewer = release_vector(write_returns(tmp_path / "fewer", OTHERS["one child less"]), PLAN, FRAMEWORK, DECLARED)
    assert exact[0] == len(CHILDREN) == fewer[0] + 1


@pytest.mark.parametrize("name", ["2025/episodes.csv", "2025/oc2.csv"])
def test_a_declared_file_that_is_not_there_is_absence_and_costs_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReturnsNotReady):
        _leaves(tmp_path, {path: content for path, content in BASE.items() if path != name})
    with Ledger.open(tmp_path / "state" / "ledger.db", Clock()) as ledger:
        assert ledger.entries() == ()
