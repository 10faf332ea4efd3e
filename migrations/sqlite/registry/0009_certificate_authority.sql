-- What revocation lists and the answers of OCSP are made from, and serial numbers that are reserved
-- before anything is signed with them.

-- The certificates of a shard that do not hold: revoking one of a million costs as much as one of ten.
CREATE INDEX certificates_withdrawn ON certificates (status_index)
WHERE state IN ('REVOKED', 'SUPERSEDED');

-- The entries that are suspended with their registrant.
CREATE INDEX status_entries_suspended ON status_entries (idx) WHERE status = 2;

-- Serial numbers that a certificate may have been signed with. One that led to a certificate is not
-- here any more; one that was given up is revoked, because nobody knows whether it was signed.
CREATE TABLE serial_reservations (
    -- Lower-case hexadecimal.
    serial       TEXT    NOT NULL PRIMARY KEY,
    -- The entry of the status list that goes with it.
    status_index INTEGER NOT NULL UNIQUE REFERENCES status_entries (idx),
    -- The issuing CA's name in addresses, docs/formats.md, Revocation.
    issuer       TEXT    NOT NULL,
    -- When it was reserved.
    reserved_at  INTEGER NOT NULL,
    -- When it was given up; null while it may still lead to a certificate.
    abandoned_at INTEGER
) STRICT;

CREATE INDEX serial_reservations_open ON serial_reservations (reserved_at, serial)
WHERE abandoned_at IS NULL;

CREATE TRIGGER abandoned_serials_are_not_changed BEFORE UPDATE ON serial_reservations
WHEN OLD.abandoned_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a serial number that was given up stays revoked'); END;

CREATE TRIGGER abandoned_serials_are_not_removed BEFORE DELETE ON serial_reservations
WHEN OLD.abandoned_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a serial number that was given up stays revoked'); END;

-- The numbers of revocation lists, in one row: each process takes a run of them.
CREATE TABLE crl_numbers (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The first number that nobody has taken.
    next INTEGER NOT NULL CHECK (next >= 1)
) STRICT;

INSERT INTO crl_numbers (id, next) VALUES (1, 1);

CREATE TRIGGER crl_numbers_never_fall BEFORE UPDATE ON crl_numbers WHEN NEW.next <= OLD.next
BEGIN SELECT RAISE(ABORT, 'the numbers of revocation lists never fall'); END;

CREATE TRIGGER crl_numbers_are_not_removed BEFORE DELETE ON crl_numbers
BEGIN SELECT RAISE(ABORT, 'the numbers of revocation lists never fall'); END;
