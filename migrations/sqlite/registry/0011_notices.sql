-- What owners are told, and what becomes of it on its way. Written with what it is about, in one
-- transaction.

-- What has happened to somebody's certificates and keys.
CREATE TABLE notices (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- Who is told.
    registrant TEXT    NOT NULL,
    -- The identity concerned.
    owner      TEXT    NOT NULL,
    kind       TEXT    NOT NULL
               CHECK (kind IN ('DEVICE_ADDED', 'DEVICE_RECOVERED', 'CERTIFICATE_RENEWED', 'CERTIFICATE_REVOKED',
                               'KEY_REVOKED', 'SUSPENDED', 'RESTORED', 'ENDING')),
    -- The record it is about, as the audit calls it.
    subject    TEXT    NOT NULL,
    -- The device concerned; null where it is about all of them.
    device     TEXT,
    -- Why it was revoked.
    reason     TEXT
               CHECK (reason IN ('keyCompromise', 'affiliationChanged', 'superseded',
                                 'cessationOfOperation')),
    -- When it happened.
    at         INTEGER NOT NULL,
    -- When what it is about ends.
    ends_at    INTEGER
) STRICT;

CREATE INDEX notices_by_registrant ON notices (registrant, id);

-- Of an end one is told once.
CREATE UNIQUE INDEX notices_of_ends ON notices (subject, ends_at) WHERE kind = 'ENDING';

-- Notices on their way out.
CREATE TABLE deliveries (
    notice   INTEGER NOT NULL REFERENCES notices (id),
    channel  TEXT    NOT NULL CHECK (channel IN ('MAIL', 'WEBHOOK')),
    state    TEXT    NOT NULL CHECK (state IN ('PENDING', 'DELIVERED', 'FAILED')),
    -- How often it was tried.
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    -- When it is tried next, or when it was settled.
    due_at   INTEGER NOT NULL,
    PRIMARY KEY (notice, channel)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'PENDING';
CREATE INDEX deliveries_failed ON deliveries (notice) WHERE state = 'FAILED';
