#!/bin/sh
# All tests: the tools' own, the unit and integration tests of every crate, and the examples in
# the documentation. The binaries are built first, since end-to-end tests start them.
set -eu

cargo build --locked --workspace --bins
python3 -m unittest discover --start-directory tests/tools --quiet
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace
    cargo test --locked --workspace --doc --quiet
else
    cargo test --locked --workspace
fi
