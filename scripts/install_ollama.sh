#!/usr/bin/env bash
# Builds the real Ollama that the tests run against, through Go's module proxy, and prints its
# path. Does nothing where it is built already. Without Go or the network it says so and leaves
# the tests to be skipped, except on CI, where it fails.
set -eu

version=v0.17.4
folder=${DIGLOT_CACHE:-$HOME/.cache/diglot}/ollama-$version
binary=$folder/bin/ollama

give_up() {
    echo "no real Ollama: $1; its tests will be skipped" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
}

if [ -x "$binary" ]; then
    echo "$binary"
    exit 0
fi
command -v go >/dev/null || give_up "Go is not installed"
go version | grep -qE 'go1\.(2[1-9]|[3-9][0-9])' || give_up "Go 1.21 or newer is needed"
command -v g++ >/dev/null || give_up "a C++ compiler is not installed"
[ -d /usr/include/nlohmann ] && [ -d /usr/include/stb ] ||
    give_up "Debian's nlohmann-json3-dev and libstb-dev are not installed"

# Headers that module archives leave out, because no Go file lies beside them.
python=python3
[ -x .venv/bin/python ] && python=.venv/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
$python -m pip download -q --no-deps --no-binary :all: -d "$work" miniaudio ||
    give_up "miniaudio's source could not be fetched"
mkdir -p "$work/include/miniaudio"
tar -xzf "$work"/miniaudio-*.tar.gz -C "$work"
cp "$work"/miniaudio-*/miniaudio/miniaudio.h "$work/include/miniaudio/"

echo "building Ollama $version, which takes some minutes" >&2
CGO_CFLAGS=-O2 \
    CGO_CXXFLAGS="-O2 -I$work/include -I/usr/include/stb -I/usr/include/nlohmann" \
    GOFLAGS=-mod=mod GOBIN=$folder/bin \
    go install "github.com/ollama/ollama@$version" || give_up "the build failed"
echo "$binary"
