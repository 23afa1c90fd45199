#!/usr/bin/env bash
# Prints the path of the real Ollama that the tests run against, built first where it is not
# there yet: in three minutes on two cores, through Go's module proxy.
#
#     scripts/install_ollama.sh           # build it
#     scripts/install_ollama.sh --find    # only look for it
#
# Where it cannot be had it says why and prints no path; on CI (CI=true) that is a failure.
set -eu

version=0.17.4
python=${PYTHON:-python3}
# Its CPU code asks the compiler which instructions there are: without these flags it is 2.5
# times slower. Nearly every x86 machine since 2013 has them, but a build must not travel to
# one that has not.
flags="-O2"
flavour=generic
if grep -qw avx2 /proc/cpuinfo 2>/dev/null && grep -qw fma /proc/cpuinfo &&
    grep -qw bmi2 /proc/cpuinfo && grep -qw f16c /proc/cpuinfo; then
    flags="-O2 -march=x86-64-v3"
    flavour=x86-64-v3
fi
folder=${DIGLOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/diglot}/ollama-$version-$flavour

give_up() {
    echo "no real Ollama $version: $1; its tests are skipped" >&2
    if [ -n "${CI:-}" ]; then exit 1; fi
    exit 0
}

# A server that runs is not asked: it may be another Ollama than this file.
is_it() {
    [ -x "$1" ] && HOME=/tmp OLLAMA_HOST=127.0.0.1:1 "$1" --version 2>&1 | grep -qF "is $version"
}

for binary in "$folder/bin/ollama" "$(command -v ollama || true)"; do
    if is_it "$binary"; then
        echo "$binary"
        exit 0
    fi
done
[ "${1:-}" != --find ] || give_up "it is not built yet (make ollama)"

command -v go >/dev/null || give_up "Go is not installed"
# A Go of 1.21 or newer fetches the newer one that Ollama asks for by itself.
go version | grep -qE 'go1\.(2[1-9]|[3-9][0-9])' || give_up "Go 1.21 or newer is needed"
command -v g++ >/dev/null || give_up "a C++ compiler is not installed"
for header in nlohmann/json.hpp stb/stb_image.h; do
    [ -e "/usr/include/$header" ] ||
        give_up "/usr/include/$header is missing (Debian: nlohmann-json3-dev and libstb-dev)"
done

# Go leaves folders without Go files out of a module, and these headers lie in such folders.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m pip download -q --no-deps --no-binary miniaudio -d "$work" miniaudio==1.71 >&2 ||
    give_up "miniaudio's source cannot be fetched"
mkdir -p "$work/include/miniaudio"
tar -xzf "$work"/miniaudio-*.tar.gz -C "$work"
cp "$work"/miniaudio-*/miniaudio/miniaudio.h "$work/include/miniaudio/"

echo "building Ollama $version, which takes some minutes" >&2
env GOTOOLCHAIN=auto GOFLAGS=-mod=mod GOBIN="$work/bin" CGO_ENABLED=1 CGO_CFLAGS="$flags" \
    CGO_CXXFLAGS="$flags -I$work/include -I/usr/include/stb -I/usr/include/nlohmann" \
    go install -ldflags="-X=github.com/ollama/ollama/version.Version=$version" \
    "github.com/ollama/ollama@v$version" >&2 || give_up "the build failed"
mkdir -p "$folder/bin"
mv "$work/bin/ollama" "$folder/bin/ollama"
is_it "$folder/bin/ollama" || give_up "what was built does not run"
echo "$folder/bin/ollama"
