#!/bin/sh
# Runs every fuzz target for a short time: FUZZ_SECONDS each, 20 if unset. A crash leaves its
# input in tests/fuzz/artifacts and fails the run.
set -eu

fuzz=tests/fuzz
if [ ! -f "$fuzz/Cargo.toml" ]; then
    echo "There are no fuzz targets: $fuzz/Cargo.toml is missing." >&2
    exit 1
fi
if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "Fuzzing needs the nightly toolchain: rustup toolchain install nightly" >&2
    exit 1
fi
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    echo "Fuzzing needs cargo-fuzz: cargo install cargo-fuzz --locked" >&2
    exit 1
fi

# The versions of the workspace. Its lock file holds more than the targets need, which does no harm.
cp Cargo.lock "$fuzz/Cargo.lock"

# The sanitizer's flags would make every other build start anew, so it has a folder of its own.
target=${CARGO_TARGET_DIR:-target}/fuzz
for name in $(cargo +nightly fuzz list --fuzz-dir "$fuzz"); do
    echo "== $name"
    mkdir -p "$fuzz/corpus/$name"
    set -- "$fuzz/corpus/$name"
    if [ -d "$fuzz/seeds/$name" ]; then set -- "$@" "$fuzz/seeds/$name"; fi
    cargo +nightly fuzz run --fuzz-dir "$fuzz" --target-dir "$target" "$name" "$@" -- \
        -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 -print_final_stats=0 -verbosity=0
done
