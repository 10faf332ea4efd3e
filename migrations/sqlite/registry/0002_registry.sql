-- The registration service's records, which the directory reads. Times are seconds since the epoch,
-- identifiers stand in their text form, docs/formats.md section 2.

-- The persons and organisations behind identifiers, from the authentic source.
CREATE TABLE registrants (
    -- The first of its identifiers.
    id       TEXT    NOT NULL PRIMARY KEY,
    -- Its name in the audit, which does not tell the identifier.
    resource TEXT    NOT NULL UNIQUE,
    -- The name as it stands in certificates.
    name     TEXT    NOT NULL,
    -- 0: nothing is issued to it.
    active   INTEGER NOT NULL CHECK (active IN (0, 1)),
    -- The version, from 1.
    version  INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

-- All identifiers of a registrant, without application. An identifier belongs to one registrant.
CREATE TABLE registrant_identifiers (
    identifier TEXT    NOT NULL PRIMARY KEY,
    registrant TEXT    NOT NULL REFERENCES registrants (id),
    -- The order of the list, from 0.
    position   INTEGER NOT NULL CHECK (position >= 0),
    UNIQUE (registrant, position)
) STRICT;

-- What persons may do beyond their own keys.
CREATE TABLE roles (
    person TEXT NOT NULL,
    role   TEXT NOT NULL CHECK (role IN ('operator')),
    PRIMARY KEY (person, role)
) STRICT, WITHOUT ROWID;

CREATE INDEX roles_by_role ON roles (role);

-- Enrolment codes, of which only a verifier is kept, wrapped under a key outside the database.
CREATE TABLE enrolment_codes (
    -- b64u of 8 bytes.
    id            TEXT    NOT NULL PRIMARY KEY,
    -- The identity it is for; null for the bootstrap of the first operator.
    identifier    TEXT,
    -- The wrapped verifier; empty once the code is spent.
    verifier      BLOB    NOT NULL,
    -- When it ends.
    expires_at    INTEGER NOT NULL,
    -- Wrong proofs that are still allowed.
    attempts_left INTEGER NOT NULL CHECK (attempts_left >= 0),
    -- When it was used.
    used_at       INTEGER,
    -- The version, from 1.
    version       INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

-- The status list: its version, in one row.
CREATE TABLE status_list (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- Rises with every change of an entry.
    version INTEGER NOT NULL CHECK (version >= 0)
) STRICT;

INSERT INTO status_list (id, version) VALUES (1, 0);

-- The status list: its entries, without gaps, so none is ever removed.
CREATE TABLE status_entries (
    -- From 0.
    idx    INTEGER NOT NULL PRIMARY KEY CHECK (idx >= 0),
    -- 0 VALID, 1 INVALID, 2 SUSPENDED, 3 OTHER.
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 3)
) STRICT;

CREATE TRIGGER status_entries_are_not_removed BEFORE DELETE ON status_entries
BEGIN SELECT RAISE(ABORT, 'entries of the status list stay'); END;

-- Certificates.
CREATE TABLE certificates (
    -- The order of issue.
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- The serial number, lower-case hexadecimal.
    serial       TEXT    NOT NULL UNIQUE,
    -- The primary identity.
    owner        TEXT    NOT NULL,
    -- The registrant it was issued to.
    registrant   TEXT    NOT NULL,
    -- The device's name.
    device       TEXT    NOT NULL,
    -- The thumbprint of its public key.
    jkt          TEXT    NOT NULL,
    -- SHA-256 of the DER, b64u.
    x5t          TEXT    NOT NULL UNIQUE,
    -- lp() of the chain's DERs, leaf first.
    chain        BLOB    NOT NULL,
    -- When it begins.
    not_before   INTEGER NOT NULL,
    -- When it ends.
    not_after    INTEGER NOT NULL,
    -- Its entry in the status list.
    status_index INTEGER NOT NULL UNIQUE REFERENCES status_entries (idx),
    -- The endorsement of its device, a compact JWS; empty if there is none.
    endorsement  TEXT    NOT NULL,
    -- 1: operators approved the device in place of an endorsement.
    recovered    INTEGER NOT NULL CHECK (recovered IN (0, 1)),
    -- Where it is in its life.
    state        TEXT    NOT NULL
                 CHECK (state IN ('ACTIVE', 'SUPERSEDED', 'REVOKED', 'EXPIRED')),
    -- Why it was revoked.
    reason       TEXT
                 CHECK (reason IN ('keyCompromise', 'affiliationChanged', 'superseded',
                                   'cessationOfOperation')),
    -- When it was revoked.
    revoked_at   INTEGER,
    -- The version, from 1.
    version      INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

-- One active certificate for a device of an owner.
CREATE UNIQUE INDEX certificates_active ON certificates (owner, device) WHERE state = 'ACTIVE';
CREATE INDEX certificates_by_owner ON certificates (owner, id);
CREATE INDEX certificates_by_registrant ON certificates (registrant, id);
CREATE INDEX certificates_by_end ON certificates (not_after) WHERE state = 'ACTIVE';

-- Encryption keys.
CREATE TABLE encryption_keys (
    -- The order of registration.
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- The thumbprint.
    kid          TEXT    NOT NULL UNIQUE,
    -- The primary identity of the owner.
    owner        TEXT    NOT NULL,
    -- The device's name.
    device       TEXT    NOT NULL,
    -- The public JWK as it is published, with its binding, JSON.
    jwk          TEXT    NOT NULL,
    -- The owner's sequence in the binding.
    sequence     INTEGER NOT NULL CHECK (sequence >= 0),
    -- The binding's entry in the status list.
    status_index INTEGER NOT NULL UNIQUE REFERENCES status_entries (idx),
    -- The certificate that the binding was made with.
    certificate  TEXT    NOT NULL,
    -- When it was registered.
    created_at   INTEGER NOT NULL,
    -- When it was published.
    activated_at INTEGER,
    -- When the binding ends.
    expires_at   INTEGER NOT NULL,
    -- Where it is in its life.
    state        TEXT    NOT NULL
                 CHECK (state IN ('PENDING_ACTIVATION', 'ACTIVE', 'SUPERSEDED', 'REVOKED',
                                  'EXPIRED')),
    -- Why it was revoked.
    reason       TEXT
                 CHECK (reason IN ('keyCompromise', 'affiliationChanged', 'superseded',
                                   'cessationOfOperation')),
    -- The version, from 1.
    version      INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

CREATE INDEX encryption_keys_by_owner ON encryption_keys (owner, id);
CREATE INDEX encryption_keys_by_end ON encryption_keys (expires_at) WHERE state = 'ACTIVE';

-- Registrations of encryption keys under way: the challenge has been given out.
CREATE TABLE key_sessions (
    -- b64u of 16 bytes.
    id            TEXT    NOT NULL PRIMARY KEY,
    owner         TEXT    NOT NULL,
    device        TEXT    NOT NULL,
    -- The certificate that began it.
    certificate   TEXT    NOT NULL,
    -- The thumbprint of the key.
    kid           TEXT    NOT NULL,
    -- The public JWK, JSON.
    jwk           TEXT    NOT NULL,
    -- SHA-256 of the nonce.
    nonce_hash    BLOB    NOT NULL CHECK (length(nonce_hash) = 32),
    -- The reserved entry in the status list.
    status_index  INTEGER NOT NULL REFERENCES status_entries (idx),
    -- Wrong answers that are still allowed.
    attempts_left INTEGER NOT NULL CHECK (attempts_left >= 0),
    -- When it ends.
    expires_at    INTEGER NOT NULL,
    -- 1: it has led to a key.
    used          INTEGER NOT NULL CHECK (used IN (0, 1))
) STRICT;

-- A public key belongs to one owner and one use, for ever.
CREATE TABLE public_keys (
    -- The thumbprint.
    jkt     TEXT NOT NULL PRIMARY KEY,
    owner   TEXT NOT NULL,
    -- As in RFC 7517 section 4.2.
    key_use TEXT NOT NULL CHECK (key_use IN ('sig', 'enc'))
) STRICT;

CREATE TRIGGER public_keys_are_not_changed BEFORE UPDATE ON public_keys
BEGIN SELECT RAISE(ABORT, 'a public key belongs to its owner for ever'); END;

CREATE TRIGGER public_keys_are_not_removed BEFORE DELETE ON public_keys
BEGIN SELECT RAISE(ABORT, 'a public key belongs to its owner for ever'); END;

-- The largest sequence in a binding of an owner.
CREATE TABLE owner_sequences (
    owner    TEXT    NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL CHECK (sequence >= 0)
) STRICT;

-- The primary identity that an alias stands for in a certificate.
CREATE TABLE aliases (
    alias      TEXT NOT NULL PRIMARY KEY,
    primary_id TEXT NOT NULL
) STRICT;

-- Recipients' JWK Sets, ready to be served.
CREATE TABLE jwk_sets (
    recipient TEXT    NOT NULL PRIMARY KEY,
    -- The recipient's type and value, whatever the application.
    type_name TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    -- The bytes, JSON.
    body      BLOB    NOT NULL,
    -- The strong entity tag, with its quotes.
    etag      TEXT    NOT NULL,
    -- 1: it holds an encryption key.
    has_keys  INTEGER NOT NULL CHECK (has_keys IN (0, 1))
) STRICT;

CREATE INDEX jwk_sets_by_value ON jwk_sets (type_name, value, recipient) WHERE has_keys = 1;

-- Changes of recipients' keys, in the order of their commits.
CREATE TABLE change_events (
    seq       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    recipient TEXT    NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
