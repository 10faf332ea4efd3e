#!/bin/sh
# Looks for what a task needs from the system, and installs what is missing where it may:
# `setup.sh build|demo|test|lint|fuzz`. Tools that are only ours (cargo-deny, buf) are fetched by their users.
#
# The C compiler is for aws-lc-sys and SQLite, which are compiled from source; neither needs cmake.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
task=${1:-build}
missing=''

# need COMMAND PACKAGE...: the command must exist, or else the Debian packages are wanted.
need() {
    command -v "$1" >/dev/null 2>&1 || { shift; missing="$missing $*"; }
}

compiles() {
    printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' |
        "${CC:-cc}" -x c -o /dev/null - >/dev/null 2>&1
}

compiles || missing="$missing gcc libc6-dev"
case $task in
build) ;;
demo) need openssl openssl && need python3 python3 ;;
test)
    # The last two are for other people's libraries: JOSE, OAuth 2.0 and an identity provider.
    need openssl openssl && need python3 python3 && need npm npm
    # A token in software, for the CA's key.
    need softhsm2-util softhsm2
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"
    ;;
lint) need git git && need python3 python3 && need npm npm ;;
fuzz) need c++ g++ ;;
*) echo "setup.sh: no task named $task" >&2 && exit 64 ;;
esac

if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # a list of packages
    set -- $missing
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing: $*"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        echo "Missing from this system: $*. On Debian or Ubuntu type:" >&2
        echo "    sudo apt-get install --no-install-recommends $*" >&2
        exit 1
    fi
fi

if ! command -v cargo >/dev/null 2>&1; then
    echo "Rust is missing: install it with rustup, then open a new shell." >&2
    exit 1
fi
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
found=$(cargo --version | cut -d ' ' -f 2)
if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
    echo "Rust $found is too old, $wanted or later is needed: rustup update stable" >&2
    exit 1
fi
if [ "$task" = lint ] && ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
    rustup component add rustfmt clippy
fi
