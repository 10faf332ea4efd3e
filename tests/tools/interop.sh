#!/bin/sh
# Installs other people's JOSE libraries into a folder of our own, once, and prints the folder: a Python
# environment in `venv`, and the JavaScript ones in `node_modules`. Where the registries cannot be
# reached it fails with exit code 69 and says so.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
folder=$("$root/tests/tools/cache_dir.sh" interop)
wanted=$(cat "$root/tests/interop/requirements.txt" "$root/tests/interop/package.json" | cksum)

mkdir -p "$folder"
# Many tests may ask at once.
exec 9>"$folder/lock"
flock 9
if [ "$(cat "$folder/installed" 2>/dev/null || true)" != "$wanted" ]; then
    rm -rf "$folder/venv" "$folder/node_modules" "$folder/installed"
    cp "$root/tests/interop/package.json" "$folder/package.json"
    {
        python3 -m venv "$folder/venv" &&
            "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
                --requirement "$root/tests/interop/requirements.txt" &&
            npm install --prefix "$folder" --silent --no-audit --no-fund --no-package-lock
    } >"$folder/log" 2>&1 || {
        echo "the libraries cannot be installed: $(tail -n 1 "$folder/log")" >&2
        exit 69
    }
    echo "$wanted" >"$folder/installed"
fi
echo "$folder"
