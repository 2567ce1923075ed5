"""If these failed, a mask, a share or a key could come from a generator that can be predicted (row 1).

Python's `random` and numpy's are for simulations. Neither may be named anywhere in the packages of the protocol.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("protos", "node", "coordinator") for path in (ROOT / room).rglob("*.py"))


def predictable(source: str) -> list[int]:
    """The lines that name `random` or `numpy.random`, however they are imported."""
    found = []
    for each in ast.walk(ast.parse(source)):
        if isinstance(each, ast.Import):
            names = [alias.name for alias in each.names]
        elif isinstance(each, ast.ImportFrom):
            names = [f"{each.module}.{alias.name}" for alias in each.names] if not each.level else []
        elif isinstance(each, ast.Attribute):
            names = [ast.unparse(each)]
        elif isinstance(each, ast.Call) and ast.unparse(each.func) in ("__import__", "import_module"):
            names = [str(argument.value) for argument in each.args if isinstance(argument, ast.Constant)]
        else:
            continue
        if any(name.split(".")[0] == "random" or name.startswith(("numpy.random", "np.random")) for name in names):
            found.append(each.lineno)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_predictable_generator_is_named(path: Path) -> None:
    assert predictable(path.read_text(encoding="utf-8")) == []


def test_the_packages_were_found() -> None:
    assert {ROOT / "protos/sa1/masking.py", ROOT / "coordinator/rounds/desk.py"} <= set(SOURCES)


@pytest.mark.parametrize(
    "source",
    [
        "import random",
        "import random as secure",
        "from random import randrange",
        "import numpy.random",
        "from numpy import random",
        "from numpy.random import default_rng",
        "import numpy as np\nnp.random.default_rng()",
        "import numpy\nnumpy.random.seed(1)",
        "__import__('random')",
        "import random.something",
    ],
)
def test_each_way_of_naming_one_is_noticed(source: str) -> None:
    assert predictable(source)


@pytest.mark.parametrize(
    "source", ["import secrets", "import os\nos.urandom(32)", "self.random()", "from node.noise import randomness"]
)
def test_the_operating_systems_generator_is_not_taken_for_one(source: str) -> None:
    assert not predictable(source)
