"""Where pins survive a restart."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from node.rounds.pins import PinState
from node.rounds.state_file import Base64, load, save


class _Pins(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    chain: tuple[Base64, ...] = ()
    kept: tuple[Base64, ...] = ()
    idks: dict[str, Base64] = {}
    confirmed: dict[str, Base64] = {}


class PinFile:
    """Pins in one file (`node.rounds.pins.PinMemory`)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> PinState:
        """What was saved last. Raises LedgerDamaged for a file that is not one."""
        found = load(self._path, _Pins)
        return PinState(found.chain, found.kept, found.idks, found.confirmed)

    def save(self, state: PinState) -> None:
        """Saves the state. Raises StorageFailed."""
        pins = _Pins(chain=state.chain, kept=state.kept, idks=dict(state.idks), confirmed=dict(state.confirmed))
        save(self._path, pins)
