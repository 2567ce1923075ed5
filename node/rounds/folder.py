"""What this node keeps of rounds in its state folder, apart from the ledger: pins, records of its keys, alarms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from node.config import NodeConfig
from node.data import council_ons_code, council_ons_codes
from node.errors import InvalidConfiguration
from node.rounds.alarms import AlarmBook
from node.rounds.pin_file import PinFile
from node.rounds.pins import Pins, PinTerms
from node.rounds.record_book import RecordBook
from node.rounds.wrapping import KeyWrapping


@dataclass(frozen=True)
class RoundFolder:
    """The folder `rounds` in the state folder, of the council whose ONS code is `node_id`."""

    folder: Path
    node_id: str

    @classmethod
    def of(cls, config: NodeConfig) -> RoundFolder:
        """That of a node. Raises InvalidConfiguration for a council that is not on the list."""
        node_id = council_ons_code(config.council.code)
        if node_id is None:
            raise InvalidConfiguration(
                f"There is no council {config.council.code}.",
                "Correct [council] code in node.toml, or upgrade the node.",
            )
        return cls(config.state / "rounds", node_id)

    @property
    def wrapping(self) -> KeyWrapping:
        """What secrets of rounds rest under."""
        return KeyWrapping(self.folder / "wrapping.key")

    @property
    def records(self) -> RecordBook:
        """The records of this node's keys. Raises LedgerDamaged where they cannot be read."""
        return RecordBook(self.folder / "records.json", self.wrapping)

    def alarms(self, clock: Callable[[], datetime]) -> AlarmBook:
        """What was wrong in rounds."""
        return AlarmBook(self.folder / "alarms.json", clock)

    def pins(self, config: NodeConfig, records: RecordBook) -> Pins | None:
        """The epochs accepted here; None without the enrolment authority's key: this node takes part in no round.

        Raises LedgerDamaged where they cannot be read.
        """
        authority_key = config.rounds.authority_key_bytes
        if authority_key is None:
            return None
        terms = PinTerms(
            authority_key=authority_key,
            node_id=self.node_id,
            allowed=council_ons_codes(),
            is_own_record=records.made,
            small_committee=config.rounds.small_committee,
        )
        return Pins(terms, PinFile(self.folder / "pins.json"))
