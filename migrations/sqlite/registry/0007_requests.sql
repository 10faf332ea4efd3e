-- Requests for certificates that wait for approval, approvals, and the two certificates that a device may
-- have while it replaces the one by the other.

-- Certificate requests without a proof of identity: operators and approvers decide about them.
CREATE TABLE certificate_requests (
    -- The order of submission.
    seq          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- b64u of 16 bytes.
    id           TEXT    NOT NULL UNIQUE,
    -- The identity that is asked for, text form.
    identifier   TEXT    NOT NULL,
    device       TEXT    NOT NULL,
    -- The PKCS#10 request, DER.
    csr          BLOB    NOT NULL,
    -- The thumbprint of its public key.
    jkt          TEXT    NOT NULL,
    -- SHA-256 of the contract that was accepted, b64u; empty if there was none.
    contract     TEXT    NOT NULL,
    submitted_at INTEGER NOT NULL,
    -- Until when it can be decided about.
    expires_at   INTEGER NOT NULL,
    state        TEXT    NOT NULL
                 CHECK (state IN ('PENDING_APPROVAL', 'ISSUED', 'REJECTED', 'WITHDRAWN', 'EXPIRED')),
    -- When it came to its end.
    decided_at   INTEGER,
    -- Why it was rejected, for whoever asked; else empty.
    reason       TEXT    NOT NULL,
    -- The serial number of the certificate; empty if none was issued.
    serial       TEXT    NOT NULL,
    -- The version, from 1.
    version      INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

-- A key asks for one thing at a time.
CREATE UNIQUE INDEX certificate_requests_pending ON certificate_requests (jkt) WHERE state = 'PENDING_APPROVAL';
CREATE INDEX certificate_requests_by_state ON certificate_requests (state, seq);
CREATE INDEX certificate_requests_by_identifier ON certificate_requests (identifier, seq);
CREATE INDEX certificate_requests_by_end ON certificate_requests (expires_at) WHERE state = 'PENDING_APPROVAL';

-- Who has approved what. A row is a pointer to the approver's order, which is kept with its MAC: the order
-- counts, not the row.
CREATE TABLE approvals (
    -- What is approved, by its name in the audit.
    resource TEXT    NOT NULL,
    -- The approver: the registrant's id.
    person   TEXT    NOT NULL,
    -- The jti of the order.
    jti      TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (resource, person)
) STRICT, WITHOUT ROWID;

-- When the code was taken back.
ALTER TABLE enrolment_codes ADD COLUMN revoked_at INTEGER;

-- The place of a certificate of a device: 0, or 1 for the one that stands beside it while it is replaced.
ALTER TABLE certificates ADD COLUMN place INTEGER NOT NULL DEFAULT 0 CHECK (place IN (0, 1));

DROP INDEX certificates_active;
CREATE UNIQUE INDEX certificates_active ON certificates (owner, device, place) WHERE state = 'ACTIVE';
