"""If this fails, an ended demo leaves coordinators and nodes running on somebody's machine, or hides why one failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.demo.processes import Command, ProgramFailed, Programs

SLEEPER = "import pathlib, os, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"

DEMO = """
import sys, time
from pathlib import Path
from deploy.demo.processes import Programs, signals_as_exceptions
from tests.deploy.test_demo_processes import sleeper
folder = Path(sys.argv[1])
with signals_as_exceptions(), Programs() as programs:
    programs.start(sleeper(folder / "service"), "the service", folder / "log")
    if sys.argv[2] == "raise":
        programs.wait_until((folder / "service").exists, "the service", 30)
        raise RuntimeError("the demo went wrong")
    programs.in_parallel(lambda name: programs.run(sleeper(folder / name)), ["one", "two", "three"], 2)
"""


def sleeper(pid_file: Path, code: str = SLEEPER) -> Command:
    return Command("sleep", (sys.executable, "-c", code, str(pid_file)))


def start_demo(folder: Path, way: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", DEMO, str(folder), way], stderr=subprocess.DEVNULL, start_new_session=True
    )


def wait_for(ready: object, seconds: float = 60) -> None:
    assert callable(ready)
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def pids(folder: Path, *names: str) -> list[int]:
    wait_for(lambda: all((folder / name).exists() and (folder / name).read_text() for name in names))
    return [int((folder / name).read_text()) for name in names]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_no_process_outlives_a_demo_that_is_ended_by_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    demo = start_demo(tmp_path, "wait")
    started = pids(tmp_path, "service", "one", "two")
    assert all(map(is_alive, started))
    demo.send_signal(number)
    demo.wait(60)
    wait_for(lambda: not any(map(is_alive, started)), 15)
    assert not (tmp_path / "three").exists()


def test_no_process_outlives_a_demo_that_fails(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "raise")
    [started] = pids(tmp_path, "service")
    assert demo.wait(60) == 1
    assert not is_alive(started)


def test_a_program_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.demo.processes._STOP_SECONDS", 0.5)
    with Programs() as programs:
        programs.start(sleeper(tmp_path / "pid", STUBBORN), "the service", tmp_path / "log")
        [started] = pids(tmp_path, "pid")
    assert not is_alive(started)


def test_one_program_can_be_ended_and_is_not_missed(tmp_path: Path) -> None:
    with Programs() as programs:
        service = programs.start(sleeper(tmp_path / "one"), "the one", tmp_path / "log")
        programs.start(sleeper(tmp_path / "other"), "the other", tmp_path / "log")
        one, other = pids(tmp_path, "one", "other")
        programs.end(service)
        assert (is_alive(one), is_alive(other)) == (False, True)
        programs.wait_until(lambda: True, "nothing", 5)
    assert not is_alive(other)


def test_a_program_may_be_given_an_environment_of_its_own(tmp_path: Path) -> None:
    code = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(os.environ.get('NEWLYN_OWN', 'none'))"
    with Programs() as programs:
        for name, given in (("with", {"NEWLYN_OWN": "this"}), ("without", None)):
            programs.start(sleeper(tmp_path / name, code), name, tmp_path / "log", given).process.wait(30)
    assert [(tmp_path / name).read_text() for name in ("with", "without")] == ["this", "none"]


def test_a_failed_command_is_reported_with_what_it_said() -> None:
    code = "import sys; print('the reason', file=sys.stderr); sys.exit(3)"
    command = Command("newlyn-node doctor", (sys.executable, "-c", code))
    with Programs() as programs:
        with pytest.raises(ProgramFailed, match=r"(?s)newlyn-node doctor.*exit code 3.*the reason"):
            programs.run(command)
        assert programs.run(command, accept=(0, 3)) == ""


def test_a_service_that_ends_early_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Programs() as programs:
        programs.start(Command("x", (sys.executable, "-c", "print('no port')")), "the coordinator", tmp_path / "log")
        with pytest.raises(ProgramFailed, match=r"(?s)the coordinator ended with exit code 0.*no port"):
            programs.wait_until(lambda: False, "the coordinator", 30)


def test_waiting_ends(tmp_path: Path) -> None:
    with Programs() as programs, pytest.raises(ProgramFailed, match="Waited 0 seconds for the moon"):
        programs.wait_until(lambda: False, "the moon", 0.3)


def test_the_first_failure_in_parallel_ends_the_rest(tmp_path: Path) -> None:
    def work(name: str) -> None:
        if name == "bad":
            wait_for(lambda: (tmp_path / "long").exists())
            raise ProgramFailed("bad")
        programs.run(sleeper(tmp_path / name))

    started = time.monotonic()
    with Programs() as programs, pytest.raises(ProgramFailed, match="bad"):
        programs.in_parallel(work, ["bad", "long", "later"], 2)
    assert time.monotonic() - started < 60
    begun = [int(path.read_text() or 0) for path in (tmp_path / "long", tmp_path / "later") if path.exists()]
    assert begun[0]
    assert not any(is_alive(pid) for pid in begun if pid)


def test_nothing_starts_after_the_end(tmp_path: Path) -> None:
    with Programs() as programs:
        pass
    with pytest.raises(ProgramFailed, match="stopping"):
        programs.start(sleeper(tmp_path / "pid"), "the service", tmp_path / "log")


def test_a_service_cannot_be_started_from_a_thread_it_would_end_with(tmp_path: Path) -> None:
    def start(name: str) -> None:
        programs.start(sleeper(tmp_path / name), "the service", tmp_path / "log")

    with Programs() as programs, pytest.raises(RuntimeError, match="thread"):
        programs.in_parallel(start, ["pid"], 1)
    assert not (tmp_path / "pid").exists()
