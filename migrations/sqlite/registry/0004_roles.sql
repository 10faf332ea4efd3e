-- Role grants under a MAC, in place of the bare table of roles, whose rows anybody who writes to the
-- database could have made (docs/decisions/0009-roles.md). Its rows are not carried over: none of
-- them proves anything. Without an operator left, the next start offers a bootstrap code.
DROP TABLE roles;

CREATE TABLE role_grants (
    -- The registrant's id.
    person     TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('operator', 'approver', 'auditor')),
    -- Its name in the audit, which does not tell the person.
    resource   TEXT    NOT NULL UNIQUE,
    state      TEXT    NOT NULL CHECK (state IN ('GRANTED', 'WITHDRAWN')),
    -- When it was granted, seconds since the epoch.
    granted_at INTEGER NOT NULL,
    -- x5t#S256 of the operator's certificate, or bootstrap.
    granted_by TEXT    NOT NULL,
    -- The version, from 1.
    version    INTEGER NOT NULL CHECK (version >= 1),
    -- The MAC over the row, docs/formats.md section 10.
    mac        BLOB    NOT NULL CHECK (length(mac) = 32),
    PRIMARY KEY (person, role)
) STRICT, WITHOUT ROWID;

CREATE INDEX role_grants_by_role ON role_grants (role, resource) WHERE state = 'GRANTED';
