"""The ledger's tables (SQLite, STRICT). Entries can be added at the end, and nothing else can be done to them."""

from __future__ import annotations

SCHEMA_VERSION = 1
"""Kept in `PRAGMA user_version`; a ledger of any other version is not opened."""

SCHEMA = (
    "CREATE TABLE chain_key (key BLOB NOT NULL CHECK (length(key) = 32)) STRICT",
    """CREATE TABLE entry (
    sequence INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('decision', 'reserved', 'stored', 'acknowledged')),
    collection_id TEXT NOT NULL,
    release_id TEXT NOT NULL,
    plan_hash BLOB NOT NULL CHECK (length(plan_hash) = 32),
    decision TEXT CHECK (decision IN ('approved', 'refused')),
    decided_by TEXT,
    rho_units INTEGER CHECK (rho_units > 0),
    budget_year INTEGER,
    year_limit_units INTEGER,
    life_limit_units INTEGER,
    digest BLOB CHECK (length(digest) = 32),
    envelope BLOB,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    CHECK ((kind = 'decision') = (decision IS NOT NULL)),
    CHECK ((kind = 'decision') = (decided_by IS NOT NULL)),
    CHECK ((kind = 'reserved') = (rho_units IS NOT NULL)),
    CHECK ((kind = 'reserved') = (budget_year IS NOT NULL)),
    CHECK ((kind = 'reserved') = (year_limit_units IS NOT NULL)),
    CHECK ((kind = 'reserved') = (life_limit_units IS NOT NULL)),
    CHECK ((kind IN ('stored', 'acknowledged')) = (digest IS NOT NULL)),
    CHECK ((kind = 'stored') = (envelope IS NOT NULL))
) STRICT""",
    "CREATE UNIQUE INDEX once_per_release ON entry (collection_id, release_id, kind) WHERE kind <> 'decision'",
    # INSERT OR REPLACE removes rows without asking the DELETE trigger: what it could replace is refused here.
    """CREATE TRIGGER entry_added_at_the_end BEFORE INSERT ON entry
WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM entry)
    OR (NEW.kind <> 'decision' AND EXISTS (
        SELECT 1 FROM entry
        WHERE collection_id = NEW.collection_id AND release_id = NEW.release_id AND kind = NEW.kind))
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
)
