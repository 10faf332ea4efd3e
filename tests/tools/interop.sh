#!/bin/sh
# Installs other people's libraries into a folder of our own, once, and prints the folder: `interop.sh NAME` takes what
# `tests/NAME` asks for, a Python environment in `venv` (requirements.txt) and JavaScript in `node_modules`
# (package.json). Where the registries cannot be reached it fails with exit code 69 and says so.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
name=${1:-interop}
asks=$root/tests/$name
folder=$("$root/tests/tools/cache_dir.sh" "$name")
wanted=$(cat "$asks/requirements.txt" "$asks/package.json" 2>/dev/null | cksum)

python_packages() {
    [ ! -f "$asks/requirements.txt" ] || {
        python3 -m venv "$folder/venv" &&
            "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
                --requirement "$asks/requirements.txt"
    }
}

javascript_packages() {
    [ ! -f "$asks/package.json" ] || {
        cp "$asks/package.json" "$folder/package.json" &&
            npm install --prefix "$folder" --loglevel=error --no-audit --no-fund --no-package-lock
    }
}

mkdir -p "$folder"
# Many tests may ask at once.
exec 9>"$folder/lock"
flock 9
if [ "$(cat "$folder/installed" 2>/dev/null || true)" != "$wanted" ]; then
    rm -rf "$folder/venv" "$folder/node_modules" "$folder/installed"
    { python_packages && javascript_packages; } >"$folder/log" 2>&1 || {
        echo "the libraries cannot be installed: $(grep -i -m 1 error "$folder/log")" >&2
        exit 69
    }
    echo "$wanted" >"$folder/installed"
fi
echo "$folder"
