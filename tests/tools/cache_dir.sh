#!/bin/sh
# Prints a folder for what builds and tools leave behind: `cache_dir.sh NAME` is NAME below
# ~/.cache/kleis, or below ./target where the home folder cannot be written.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
if [ -n "${HOME:-}" ] && mkdir -p "$HOME/.cache/kleis" 2>/dev/null && [ -w "$HOME/.cache/kleis" ]; then
    echo "$HOME/.cache/kleis/$1"
elif [ "$1" = target ]; then
    echo "$root/target"
else
    echo "$root/target/$1"
fi
