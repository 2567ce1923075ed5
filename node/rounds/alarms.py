"""What was wrong in rounds, for the council's own eyes: none of it is ever sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from node.rounds.state_file import load, save

KEPT_ALARMS = 50


class Alarm(BaseModel):
    """A message that was refused, or a sign of a restored or copied node. The text holds no content."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    text: str


class _Alarms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    alarms: tuple[Alarm, ...] = ()


class AlarmBook:
    """The latest alarms, in one file. One that repeats the latest is not kept again."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock

    def ring(self, text: str) -> None:
        """Keeps an alarm."""
        alarms = self.alarms()
        if all(each.text != text for each in alarms[-1:]):
            save(self._path, _Alarms(alarms=(*alarms, Alarm(at=self._clock(), text=text))[-KEPT_ALARMS:]))

    def alarms(self) -> tuple[Alarm, ...]:
        """The oldest first."""
        return load(self._path, _Alarms).alarms
