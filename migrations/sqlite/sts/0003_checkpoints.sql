-- The proof of the audit: checkpoints of its chains, and segments that were archived. The same file in
-- every database of Kleis.

-- Where the chains stood, docs/formats.md section 11. Each is also kept outside the database.
CREATE TABLE checkpoints (
    -- The number in the series of this database, from 1. A gap is explained by the checkpoint after it.
    seq     INTEGER NOT NULL PRIMARY KEY CHECK (seq >= 1),
    -- 1: it lists every chain. Where to begin reading; the token itself says whether it is true.
    is_full INTEGER NOT NULL CHECK (is_full IN (0, 1)),
    -- The compact JWS.
    token   TEXT    NOT NULL
) STRICT;

CREATE INDEX full_checkpoints ON checkpoints (seq) WHERE is_full = 1;

CREATE TRIGGER checkpoints_are_not_changed BEFORE UPDATE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;

CREATE TRIGGER checkpoints_are_not_removed BEFORE DELETE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;

-- Rows of a chain that were archived: they may go, and the segment stands in their place.
CREATE TABLE audit_segments (
    chain     TEXT    NOT NULL CHECK (chain <> ''),
    -- The first and the last row, by position in the chain.
    first_seq INTEGER NOT NULL CHECK (first_seq >= 1),
    last_seq  INTEGER NOT NULL CHECK (last_seq >= first_seq),
    -- The hash of the last row, from which the chain goes on. The token says it too, signed.
    last_hash BLOB    NOT NULL CHECK (length(last_hash) = 32),
    -- The compact JWS.
    token     TEXT    NOT NULL,
    PRIMARY KEY (chain, first_seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_segments_are_not_changed BEFORE UPDATE ON audit_segments
BEGIN SELECT RAISE(ABORT, 'segments of the audit are append-only'); END;

CREATE TRIGGER audit_segments_are_not_removed BEFORE DELETE ON audit_segments
BEGIN SELECT RAISE(ABORT, 'segments of the audit are append-only'); END;

-- Rows of the audit go when a segment covers them, and not otherwise.
DROP TRIGGER audit_is_not_removed;

CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
WHEN NOT EXISTS (
    SELECT 1 FROM audit_segments AS segment
    WHERE segment.chain = OLD.chain
    AND OLD.seq BETWEEN segment.first_seq AND segment.last_seq
)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
