#!/usr/bin/env bash
# Ollama's native API: a prompt goes in, an answer comes out.
set -eu
url=${DIGLOT_URL:-http://localhost:4000}
model=${DIGLOT_MODEL:-qwen-local}

curl -sS --fail-with-body "$url/api/generate" --data-binary @- <<JSON
{
  "model": "$model",
  "prompt": "Say hello, and tell me in one sentence who you are.",
  "stream": false
}
JSON
echo
