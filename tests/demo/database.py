"""What somebody with write access to the databases can do."""

import base64
import contextlib
import hashlib
import json
import sqlite3


class Database:
    """One of the server's databases, opened behind its back."""

    def __init__(self, path):
        self.path = path

    @contextlib.contextmanager
    def connect(self):
        """A connection that writes what is done inside, when it ends well."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=10)) as connection:
            with connection:
                yield connection

    def key_set(self, recipient):
        """A recipient's JWK Set."""
        return json.loads(self.body(recipient))

    def body(self, recipient):
        with self.connect() as connection:
            query = "SELECT body FROM jwk_sets WHERE recipient = ?"
            return connection.execute(query, (recipient,)).fetchone()[0]

    @contextlib.contextmanager
    def substituted(self, recipient, body):
        """Another JWK Set stands in a recipient's place, until the end."""
        genuine = self.body(recipient)
        self.put(recipient, body)
        try:
            yield
        finally:
            self.put(recipient, genuine)

    def put(self, recipient, body):
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        with self.connect() as connection:
            statement = "UPDATE jwk_sets SET body = ?, etag = ? WHERE recipient = ?"
            changed = connection.execute(statement, (body, f'"{digest}"', recipient)).rowcount
        assert changed == 1, "the recipient has no row"

    def grant(self, person, role):
        """A role that nobody granted, with a MAC that nobody can make."""
        row = (person, role, "role:forged", "GRANTED", 0, "bootstrap", 1, bytes(32))
        with self.connect() as connection:
            connection.execute("INSERT INTO role_grants VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def take_back(self, person, role):
        with self.connect() as connection:
            query = "DELETE FROM role_grants WHERE person = ? AND role = ?"
            connection.execute(query, (person, role))

    @contextlib.contextmanager
    def swapped(self, one, other):
        """The wrapped keys of two custody records change places, until the end."""
        self.swap(one, other)
        try:
            yield
        finally:
            self.swap(one, other)

    def swap(self, one, other):
        with self.connect() as connection:
            query = "SELECT wrapped FROM records WHERE key_id = ?"
            wrapped = [connection.execute(query, (id,)).fetchone()[0] for id in (other, one)]
            statement = "UPDATE records SET wrapped = ? WHERE key_id = ?"
            connection.executemany(statement, zip(wrapped, (one, other)))

    def record(self, key_id):
        """A whole custody record, as it is stored."""
        with self.connect() as connection:
            query = "SELECT * FROM records WHERE key_id = ?"
            return connection.execute(query, (key_id,)).fetchone()

    def put_record_back(self, record):
        """An earlier state of a custody record takes the place of the present one."""
        with self.connect() as connection:
            marks = ", ".join("?" * len(record))
            connection.execute("DELETE FROM records WHERE key_id = ?", (record[0],))
            connection.execute(f"INSERT INTO records VALUES ({marks})", record)
