"""A PostgreSQL server of our own, for the tests: in a folder that is deleted, on a socket that nobody else sees.

Debian's package is used where it is installed. PostgreSQL does not run as root; there the package's own user runs it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_USER = "newlyn"
_SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "20",
    "autovacuum": "off",
}


def programs() -> Path | None:
    """The folder of the newest PostgreSQL installed, with initdb and pg_ctl; None where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    beside = shutil.which("initdb")
    folders += [Path(beside).resolve().parent] if beside and not folders else []
    return folders[-1] if folders and (folders[-1] / "initdb").exists() else None


def _as_its_user() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--")


@contextmanager
def running_server() -> Iterator[str]:
    """Starts a server and yields how to reach its superuser: words for psycopg, to which ` dbname=...` is added.

    Its databases order texts as English does, not by their bytes, where the package can (ICU).
    """
    found = programs()
    assert found is not None
    # A socket's path may have 107 characters, which a folder of pytest's may exceed.
    folder = Path(tempfile.mkdtemp(prefix="newlyn-pg-"))
    run = _as_its_user()
    if run:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [*run, str(found / program), *arguments],
            check=True,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )

    try:
        call(
            *("initdb", "--pgdata", str(data), "--username", _USER, "--auth", "trust", "--encoding", "UTF8"),
            *("--locale", "C", "--locale-provider", "icu", "--icu-locale", "en-GB", "--no-sync"),
        )
        settings = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        options = f"-k {folder} {settings}"
        call("pg_ctl", "--pgdata", str(data), "--log", str(folder / "log"), "--options", options, "-w", "start")
        try:
            yield f"host={folder} user={_USER}"
        finally:
            call("pg_ctl", "--pgdata", str(data), "--mode", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
