#!/usr/bin/env bash
# The same question in OpenAI's dialect: a list of messages instead of a prompt.
set -eu
url=${DIGLOT_URL:-http://localhost:4000}
model=${DIGLOT_MODEL:-qwen-local}

curl -sS --fail-with-body "$url/v1/chat/completions" \
    -H "Content-Type: application/json" \
    -H "Authorization: Bearer not-needed" \
    --data-binary @- <<JSON
{
  "model": "$model",
  "messages": [
    {"role": "user", "content": "Say hello, and tell me in one sentence who you are."}
  ]
}
JSON
echo
