"""If this failed, the long search for bad inputs would look at nothing and say that it had found none."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.fuzz import search
from tests.fuzz.targets import CORPUS

if sys.platform == "linux":

    def test_a_search_learns_keeps_what_it_learnt_and_tells_an_earlier_find(tmp_path: Path) -> None:
        finds = tmp_path / "finds" / "census_rows"
        finds.mkdir(parents=True)
        (finds / "0.txt").write_text("a value is shown")
        found = search("census_rows", 2, tmp_path, seed=1)
        assert found.ended == ""
        assert found.executions > len(list((CORPUS / "cin_census").iterdir()))
        assert found.features > 100
        assert found.new_inputs == len(list((tmp_path / "corpus" / "census_rows").iterdir())) > 0
        assert found.finds == ("a value is shown",)
