-- The token service's records: the keys that sign tokens, what was used once, and what was revoked.
-- Times are seconds since the epoch.

-- Keys that sign access tokens, each wrapped under the root KEK.
CREATE TABLE signing_keys (
    -- The thumbprint, RFC 7638.
    kid          TEXT    NOT NULL PRIMARY KEY,
    -- The public key, a JWK: for those who must verify an old token.
    jwk          TEXT    NOT NULL,
    -- The wrapped private key; empty once it is destroyed.
    wrapped      BLOB    NOT NULL,
    -- The id of the root KEK.
    kek          TEXT    NOT NULL,
    -- Where it is in its life.
    state        TEXT    NOT NULL CHECK (state IN ('NEXT', 'CURRENT', 'RETIRED', 'EXPIRED')),
    -- When it was made and published.
    created_at   INTEGER NOT NULL,
    -- When it began to sign.
    activated_at INTEGER,
    -- When it ceased to sign.
    retired_at   INTEGER,
    -- The version, from 1.
    version      INTEGER NOT NULL CHECK (version >= 1),
    CHECK (state <> 'EXPIRED' OR length(wrapped) = 0)
) STRICT;

-- One key signs, and one is the next.
CREATE UNIQUE INDEX signing_keys_in_turn ON signing_keys (state)
WHERE state IN ('NEXT', 'CURRENT');

-- What may be used once: client assertions and DPoP proofs, until nobody would take them any more.
CREATE TABLE used (
    -- SHA-256 over what makes it unique.
    digest BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    -- When it may be forgotten.
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX used_by_end ON used (until);

-- Tokens that were revoked before their end.
CREATE TABLE revoked_tokens (
    -- The token's jti.
    jti        TEXT    NOT NULL PRIMARY KEY,
    -- When.
    revoked_at INTEGER NOT NULL,
    -- When nobody would take it any more, revoked or not.
    until      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX revoked_tokens_by_end ON revoked_tokens (until);
