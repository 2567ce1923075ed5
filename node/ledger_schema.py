"""The ledger's tables (SQLite, STRICT). Entries can be added at the end, and nothing else can be done to them."""

from __future__ import annotations

from node.rounds.schema import ROUND_TABLES

SCHEMA_VERSION = 3
"""Kept in `PRAGMA user_version`; a ledger of any other version is not opened."""

SCHEMA = (
    "CREATE TABLE chain_key (key BLOB NOT NULL CHECK (length(key) = 32)) STRICT",
    """CREATE TABLE entry (
    sequence INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('decision', 'reserved', 'stored', 'acknowledged', 'limit', 'repaired',
        'refunded')),
    collection_id TEXT,
    release_id TEXT,
    plan_hash BLOB CHECK (length(plan_hash) = 32),
    decision TEXT CHECK (decision IN ('approved', 'refused')),
    decided_by TEXT,
    rho_units INTEGER CHECK (rho_units >= 0),
    earlier_rho_units INTEGER CHECK (earlier_rho_units >= 0),
    budget_year INTEGER,
    year_limit_units INTEGER CHECK (year_limit_units >= 0),
    life_limit_units INTEGER CHECK (life_limit_units >= 0),
    remembered_sequence INTEGER CHECK (remembered_sequence > 0),
    remembered_hash BLOB CHECK (length(remembered_hash) = 32),
    round_id BLOB CHECK (length(round_id) = 16),
    digest BLOB CHECK (length(digest) = 32),
    signer BLOB CHECK (length(signer) = 32),
    signature BLOB CHECK (length(signature) = 64),
    envelope BLOB,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    CHECK ((kind NOT IN ('limit', 'repaired')) = (collection_id IS NOT NULL)),
    CHECK ((kind NOT IN ('limit', 'repaired')) = (release_id IS NOT NULL)),
    CHECK ((kind NOT IN ('limit', 'repaired')) = (plan_hash IS NOT NULL)),
    CHECK ((kind = 'decision') = (decision IS NOT NULL)),
    CHECK ((kind IN ('decision', 'limit', 'repaired')) = (decided_by IS NOT NULL)),
    CHECK ((kind IN ('decision', 'limit', 'repaired')) = (signer IS NOT NULL)),
    CHECK ((kind IN ('decision', 'limit', 'repaired')) = (signature IS NOT NULL)),
    CHECK ((kind IN ('reserved', 'repaired', 'refunded')) = (rho_units IS NOT NULL)),
    CHECK (kind = 'repaired' OR rho_units > 0),
    CHECK ((kind IN ('reserved', 'repaired', 'refunded')) = (budget_year IS NOT NULL)),
    CHECK ((kind IN ('reserved', 'repaired', 'limit')) = (year_limit_units IS NOT NULL)),
    CHECK ((kind IN ('reserved', 'repaired', 'limit')) = (life_limit_units IS NOT NULL)),
    CHECK ((kind = 'repaired') = (earlier_rho_units IS NOT NULL)),
    CHECK ((kind = 'repaired') = (remembered_sequence IS NOT NULL)),
    CHECK ((kind = 'repaired') = (remembered_hash IS NOT NULL)),
    CHECK (kind IN ('reserved', 'refunded') OR round_id IS NULL),
    CHECK (kind <> 'refunded' OR round_id IS NOT NULL),
    CHECK ((kind IN ('stored', 'acknowledged', 'refunded')) = (digest IS NOT NULL)),
    CHECK ((kind IN ('stored', 'refunded')) = (envelope IS NOT NULL))
) STRICT""",
    """CREATE UNIQUE INDEX once_per_release_or_round ON entry (collection_id, release_id, ifnull(round_id, x''), kind)
WHERE kind IN ('reserved', 'stored', 'acknowledged', 'refunded')""",
    # INSERT OR REPLACE removes rows without asking the DELETE trigger: what it could replace is refused here.
    """CREATE TRIGGER entry_added_at_the_end BEFORE INSERT ON entry
WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM entry)
    OR (NEW.kind IN ('reserved', 'stored', 'acknowledged', 'refunded') AND EXISTS (
        SELECT 1 FROM entry
        WHERE collection_id = NEW.collection_id AND release_id = NEW.release_id AND kind = NEW.kind
            AND round_id IS NEW.round_id))
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER entry_never_changed BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER entry_never_removed BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER chain_key_given_once BEFORE INSERT ON chain_key WHEN EXISTS (SELECT 1 FROM chain_key)
BEGIN SELECT RAISE(ABORT, 'the ledger has its key'); END""",
    """CREATE TRIGGER chain_key_never_changed BEFORE UPDATE ON chain_key
BEGIN SELECT RAISE(ABORT, 'the ledger has its key'); END""",
    """CREATE TRIGGER chain_key_never_removed BEFORE DELETE ON chain_key
BEGIN SELECT RAISE(ABORT, 'the ledger has its key'); END""",
    *ROUND_TABLES,
)
