"""The program itself, as a process, for tests that stop or kill it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = [sys.executable, "-m", "coordinator.cli"]


def run(*arguments: str | Path, code: int = 0) -> str:
    """Runs a command to its end, expects that exit code, and returns what it printed (its errors, for another code)."""
    result = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == code, result.stderr
    return result.stderr if code else result.stdout


@contextmanager
def serving_process(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`newlyn-coordinator serve` on a free port: the process and its address. Killed at the end if it still runs."""
    address_file = home / "serving.json"
    address_file.unlink(missing_ok=True)
    with (home / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--dir", str(home), "--port", "0", "--address-file", str(address_file), *arguments],
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 60
        while not address_file.exists():
            assert process.poll() is None, (home / "serve.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process, json.loads(address_file.read_text())["address"]
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
