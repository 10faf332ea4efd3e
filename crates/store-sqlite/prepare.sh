#!/bin/sh
# Describes the statements of this crate anew in .sqlx, which builds without a database read.
# Run it after every change of a statement or a migration; with --check it only compares.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"; touch src/lib.rs' EXIT

# One database with everything: what all have once, and the records of each service.
python3 - "$work/check.db" ../../migrations/sqlite/registry/*.sql \
    ../../migrations/sqlite/custody/*.sql ../../migrations/sqlite/sts/*.sql <<'PYTHON'
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
# Migrations of one name are one file, in every database that has it.
done = set()
for path in sys.argv[2:]:
    if os.path.basename(path) not in done:
        done.add(os.path.basename(path))
        with open(path) as migration:
            database.executescript(migration.read())
PYTHON

mkdir "$work/described"
# The compiler does not know that the answer depends on the database.
touch src/lib.rs
KLEIS_SQLITE_URL="sqlite://$work/check.db" SQLX_OFFLINE_DIR="$work/described" \
    cargo check --quiet --package kleis-store-sqlite --lib
if [ "${1:-}" = --check ]; then
    diff -r .sqlx "$work/described"
else
    rm -rf .sqlx
    mv "$work/described" .sqlx
fi
