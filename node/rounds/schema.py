"""The tables of rounds (SQLite, STRICT), in the ledger's database: what a round stores and what it is charged are one
transaction. What is sent under a round's id is written once, and never changed. Secure aggregation reference, B.8.
"""

from __future__ import annotations

ROUND_TABLES = (
    """CREATE TABLE round_start (
    generation INTEGER PRIMARY KEY,
    start_id BLOB NOT NULL CHECK (length(start_id) = 16),
    answered INTEGER NOT NULL DEFAULT 0 CHECK (answered IN (0, 1))
) STRICT""",
    """CREATE TABLE round_foreign_start (
    generation INTEGER NOT NULL,
    start_id BLOB NOT NULL CHECK (length(start_id) = 16),
    noticed_at INTEGER NOT NULL,
    PRIMARY KEY (generation, start_id)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE round (
    number INTEGER PRIMARY KEY,
    round_id BLOB NOT NULL UNIQUE CHECK (length(round_id) = 16),
    collection_id TEXT NOT NULL,
    epoch_hash BLOB NOT NULL CHECK (length(epoch_hash) = 32),
    announce BLOB NOT NULL,
    burned INTEGER NOT NULL DEFAULT 0 CHECK (burned IN (0, 1)),
    reason TEXT NOT NULL DEFAULT ''
) STRICT""",
    """CREATE TABLE round_secret (
    round_id BLOB PRIMARY KEY REFERENCES round (round_id),
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE round_message (
    round_id BLOB NOT NULL REFERENCES round (round_id),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
    signed BLOB NOT NULL,
    leaves_at INTEGER NOT NULL,
    PRIMARY KEY (round_id, kind)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE round_message_part (
    round_id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    part INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (round_id, kind, part),
    FOREIGN KEY (round_id, kind) REFERENCES round_message (round_id, kind)
) STRICT""",
    """CREATE TABLE round_receipt (
    round_id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    receipt BLOB NOT NULL,
    PRIMARY KEY (round_id, kind),
    FOREIGN KEY (round_id, kind) REFERENCES round_message (round_id, kind)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE round_paper (
    round_id BLOB NOT NULL REFERENCES round (round_id),
    kind TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (round_id, kind)
) STRICT""",
    """CREATE TRIGGER round_message_never_changed BEFORE UPDATE ON round_message
BEGIN SELECT RAISE(ABORT, 'what is sent in a round is written once'); END""",
    # Of a round that is over, the shares that this node opened may go (kind 4, its reveal); nothing else it said does.
    """CREATE TRIGGER round_message_never_removed BEFORE DELETE ON round_message WHEN OLD.kind <> 4
BEGIN SELECT RAISE(ABORT, 'what is sent in a round is written once'); END""",
    """CREATE TRIGGER round_message_written_once BEFORE INSERT ON round_message
WHEN EXISTS (SELECT 1 FROM round_message WHERE round_id = NEW.round_id AND kind = NEW.kind)
BEGIN SELECT RAISE(ABORT, 'what is sent in a round is written once'); END""",
    """CREATE TRIGGER round_message_part_never_changed BEFORE UPDATE ON round_message_part
BEGIN SELECT RAISE(ABORT, 'what is sent in a round is written once'); END""",
    """CREATE TRIGGER round_never_removed BEFORE DELETE ON round
BEGIN SELECT RAISE(ABORT, 'the id of a round is never used twice'); END""",
)
