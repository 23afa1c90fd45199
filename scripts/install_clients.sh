#!/usr/bin/env bash
# Installs the programs that `make clients` runs over the gateway, outside of the repository:
# coding agents and SDKs from npm and PyPI, in some five minutes and 2 GB.
#
# What cannot be installed is said, and its tests are skipped.
set -u

folder=${DIGLOT_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/diglot/clients}
python=${PYTHON:-python3}
mkdir -p "$folder/node"

install_node() {
    cd "$folder/node" || exit 1
    [ -f package.json ] || echo '{"private": true}' >package.json
    for packages in "ai @ai-sdk/openai zod" openai @anthropic-ai/sdk @openai/codex \
        @anthropic-ai/claude-code opencode-ai @qwen-code/qwen-code @mariozechner/pi-coding-agent \
        @modelcontextprotocol/inspector; do
        # shellcheck disable=SC2086
        npm ls $packages >/dev/null 2>&1 || npm install --no-audit --no-fund --silent $packages ||
            echo "not installed: $packages" >&2
    done
}

if command -v npm >/dev/null; then
    # In a shell of its own: the Python named from outside may be a path from here.
    (install_node)
else
    echo "no npm here: the programs that need Node are skipped" >&2
fi

install() {
    place=$folder/$1
    shift
    [ -f "$place/.done" ] && return
    if "$python" -m venv "$place" && "$place/bin/pip" install -q "$@"; then
        touch "$place/.done"
    else
        echo "not installed: $*" >&2
    fi
}

install python llm openai-agents langgraph langchain-openai
install aider aider-chat
