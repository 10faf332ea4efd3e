-- The evidence: orders, pseudonyms and the audit chain. The same file in every database of Kleis.

-- The orders that were carried out: evidence, and the guard against replay.
CREATE TABLE orders (
    -- b64u of 16 random bytes, chosen by whoever made the order.
    jti         TEXT    NOT NULL PRIMARY KEY,
    -- SHA-256 of the compact serialisation.
    digest      BLOB    NOT NULL CHECK (length(digest) = 32),
    -- The full gRPC method name.
    method      TEXT    NOT NULL,
    -- x5t#S256 of the signer's certificate, or the thumbprint of the key that asked for one.
    signer      TEXT    NOT NULL,
    -- The order as it was received.
    compact     TEXT    NOT NULL,
    -- The result's body, proto3 JSON. No key material.
    result      TEXT    NOT NULL,
    -- When it was carried out, seconds since the epoch, as all times below.
    received_at INTEGER NOT NULL,
    -- The order's exp.
    expires_at  INTEGER NOT NULL,
    -- The MAC over the row, docs/formats.md section 10.
    mac         BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT;

CREATE TRIGGER orders_are_not_changed BEFORE UPDATE ON orders
BEGIN SELECT RAISE(ABORT, 'orders are evidence'); END;

CREATE TRIGGER orders_are_not_removed BEFORE DELETE ON orders
BEGIN SELECT RAISE(ABORT, 'orders are evidence'); END;

-- Who stands behind a pseudonym of the audit. Removing a row makes the person unknown for ever.
CREATE TABLE pseudonyms (
    -- b64u of 16 random bytes.
    pseudonym TEXT NOT NULL PRIMARY KEY CHECK (length(pseudonym) = 22),
    -- The identifier, text form.
    person    TEXT NOT NULL UNIQUE
) STRICT;

-- The audit chains, docs/formats.md section 11: one for every process that has written here.
CREATE TABLE audit (
    -- The order of writing, over all chains.
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- The chain's id, an opaque text.
    chain            TEXT    NOT NULL CHECK (chain <> ''),
    -- The position in the chain, from 1.
    seq              INTEGER NOT NULL CHECK (seq >= 1),
    -- When, by the service's clock.
    at               INTEGER NOT NULL,
    -- The hash of the row before; 32 zero bytes for the first.
    previous         BLOB    NOT NULL CHECK (length(previous) = 32),
    -- What was done.
    action           TEXT    NOT NULL,
    -- Who did it: person:PSEUDONYM, an organisation's identifier, SERVICE:NAME, local or unknown.
    actor            TEXT    NOT NULL,
    -- On what, empty where it is about no record.
    resource         TEXT    NOT NULL,
    -- The resource's version after the act; 0 where there is none.
    resource_version INTEGER NOT NULL CHECK (resource_version >= 0),
    -- The digest of the resource's state after the act; empty where it did not change.
    resource_digest  BLOB    NOT NULL CHECK (length(resource_digest) IN (0, 32)),
    -- How it ended.
    outcome          TEXT    NOT NULL CHECK (outcome IN ('DONE', 'REFUSED', 'ALARM')),
    -- SHA-256 of the order; empty where there was none.
    order_digest     BLOB    NOT NULL CHECK (length(order_digest) IN (0, 32)),
    -- The trace id, empty where there is none.
    trace_id         TEXT    NOT NULL,
    -- A short text without secrets or persons' identifiers.
    details          TEXT    NOT NULL,
    -- The row's own hash.
    hash             BLOB    NOT NULL CHECK (length(hash) = 32),
    UNIQUE (chain, seq)
) STRICT;

-- The newest row that carries the state of a resource.
CREATE INDEX audit_by_resource ON audit (resource, resource_version, at, id)
WHERE length(resource_digest) = 32;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
