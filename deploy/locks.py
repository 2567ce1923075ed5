"""Compiles the locks under deploy/requirements, one a role, with hashes: `python -m deploy.locks [--check]`.

Existing pins are kept where they still satisfy pyproject.toml; delete a lock to take the newest versions. No line of a
lock names where packages come from.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "deploy" / "requirements"
EXTRAS: dict[str, tuple[str, ...]] = {
    "node": ("node",),
    "node-sqlserver": ("node", "sqlserver"),
    "node-postgresql": ("node", "postgresql"),
    "node-spark": ("node", "spark"),
    "coordinator": ("coordinator",),
    "dev": ("dev",),
}
"""The extras of pyproject.toml that a role installs: a node with a warehouse adds the one it reads."""


def compile_lock(role: str, output: Path) -> None:
    """Compiles one role's lock into `output`, keeping the pins that stand there.

    Raises subprocess.CalledProcessError when uv cannot resolve.
    """
    options = ["--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    silent = ["--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"]
    extras = [option for extra in EXTRAS[role] for option in ("--extra", extra)]
    source = [*extras, str(ROOT / "pyproject.toml"), "--output-file", str(output)]
    subprocess.run([sys.executable, "-m", "uv", "pip", "compile", *options, *silent, *source], check=True)


def stale_locks() -> list[str]:
    """Roles whose lock is not what pyproject.toml asks for now."""
    stale = []
    with tempfile.TemporaryDirectory() as folder:
        for role in EXTRAS:
            fresh = Path(folder) / f"{role}.txt"
            shutil.copyfile(LOCKS / f"{role}.txt", fresh)
            compile_lock(role, fresh)
            if fresh.read_text(encoding="utf-8") != (LOCKS / f"{role}.txt").read_text(encoding="utf-8"):
                stale.append(role)
    return stale


def main() -> int:
    """Entry point. With --check: exit code 1 when a lock and pyproject.toml disagree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail on a difference")
    if parser.parse_args().check:
        stale = stale_locks()
        for role in stale:
            print(f"deploy/requirements/{role}.txt and pyproject.toml disagree; run `make lock`", file=sys.stderr)
        return 1 if stale else 0
    for role in EXTRAS:
        compile_lock(role, LOCKS / f"{role}.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
