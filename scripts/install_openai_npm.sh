#!/usr/bin/env bash
# Prints the folder in which node finds the npm package openai, fetched first where it is not
# there yet.
#
#     scripts/install_openai_npm.sh           # fetch it
#     scripts/install_openai_npm.sh --find    # only look for it
#
# Where it cannot be had it says why and prints no path; on CI (CI=true) that is a failure.
set -eu

version=7.57.0
folder=${DIGLOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/diglot}/openai-npm-$version

give_up() {
    echo "no npm package openai $version: $1; its tests are skipped" >&2
    if [ -n "${CI:-}" ]; then exit 1; fi
    exit 0
}

command -v node >/dev/null || give_up "node is not installed"
if [ -e "$folder/node_modules/openai/package.json" ]; then
    echo "$folder"
    exit 0
fi
[ "${1:-}" != --find ] || give_up "it is not fetched yet (scripts/install_openai_npm.sh)"
command -v npm >/dev/null || give_up "npm is not installed"
mkdir -p "$folder"
npm install --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts \
    "openai@$version" >&2 || give_up "npm cannot fetch it"
echo "$folder"
