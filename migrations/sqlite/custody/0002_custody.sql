-- The custody service's records: wrapped keys, their state, and the wrapping keys. Times are seconds
-- since the epoch.

-- Wrapping keys, each wrapped under the root KEK.
CREATE TABLE wrapping_keys (
    -- b64u of 16 bytes.
    id         TEXT    NOT NULL PRIMARY KEY,
    -- The expiry period, YYYY-MM.
    period     TEXT    NOT NULL CHECK (length(period) = 7),
    -- The version within the period, from 1.
    version    INTEGER NOT NULL CHECK (version >= 1),
    -- 1: new keys of the period are wrapped under it. The MAC says so too.
    current    INTEGER NOT NULL CHECK (current IN (0, 1)),
    -- The id of the root KEK.
    kek        TEXT    NOT NULL,
    -- The wrapped wrapping key.
    wrapped    BLOB    NOT NULL,
    -- The MAC of the row.
    mac        BLOB    NOT NULL CHECK (length(mac) = 32),
    -- When it was made.
    created_at INTEGER NOT NULL,
    UNIQUE (period, version)
) STRICT;

-- Symmetric keys in custody, wrapped.
CREATE TABLE records (
    -- b64u of 16 bytes.
    key_id       TEXT    NOT NULL PRIMARY KEY,
    -- The owner's identifier, text form.
    owner        TEXT    NOT NULL,
    -- oct-256 and so on.
    algorithm    TEXT    NOT NULL,
    -- The policy document as received.
    policy       BLOB    NOT NULL,
    -- The wrapping key.
    wrapping_key TEXT    NOT NULL REFERENCES wrapping_keys (id),
    -- The wrapped key; empty once it is destroyed.
    wrapped      BLOB    NOT NULL,
    -- When it came into custody.
    created_at   INTEGER NOT NULL,
    -- The policy's end.
    expires_at   INTEGER NOT NULL,
    -- Where it is in its life.
    state        TEXT    NOT NULL
                 CHECK (state IN ('ACTIVE', 'EXHAUSTED', 'SHREDDED', 'EXPIRED')),
    -- How often it was released.
    reads        INTEGER NOT NULL CHECK (reads >= 0),
    -- When an exhausted key is to be destroyed.
    destroy_at   INTEGER,
    -- The version, from 1.
    version      INTEGER NOT NULL CHECK (version >= 1),
    -- The state MAC, docs/formats.md section 10.
    mac          BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT;

-- What the sweeper has to destroy.
CREATE INDEX records_by_end ON records (expires_at) WHERE length(wrapped) > 0;
CREATE INDEX records_by_destruction ON records (destroy_at)
WHERE length(wrapped) > 0 AND destroy_at IS NOT NULL;

-- Releases of keys, each counted once.
CREATE TABLE releases (
    key_id    TEXT    NOT NULL REFERENCES records (key_id),
    -- The order it was released to.
    jti       TEXT    NOT NULL,
    -- The reader, text form of the primary identity.
    reader    TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    -- 1: the reader said that it has arrived.
    confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
    PRIMARY KEY (key_id, jti)
) STRICT, WITHOUT ROWID;
