"""Ollama's native API by hand: a prompt goes in, an answer comes out.

Needs: pip install requests
"""

import os

import requests

URL = os.environ.get("DIGLOT_URL", "http://localhost:4000")
MODEL = os.environ.get("DIGLOT_MODEL", "qwen-local")

reply = requests.post(
    f"{URL}/api/generate",
    json={
        "model": MODEL,
        "prompt": "Say hello, and tell me in one sentence who you are.",
        "stream": False,
    },
    timeout=300,
)
reply.raise_for_status()
answer = reply.json()
print(answer["response"])
print(f"({answer['eval_count']} tokens, ended by {answer['done_reason']})")
