-- What the auditors' query is answered by. The same file in every database of Kleis.

-- Between which places in the order of writing the rows of a time lie.
CREATE INDEX audit_by_time ON audit (at, id);

-- What somebody did, in the order of writing.
CREATE INDEX audit_by_actor ON audit (actor, id);

-- What was done to a record, in the order of writing: also where its state did not change.
CREATE INDEX audit_about ON audit (resource, id) WHERE resource <> '';
