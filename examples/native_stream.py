"""Ollama's native stream by hand: one JSON object a line, the last with done: true.

Needs: pip install httpx
"""

import json
import os

import httpx

URL = os.environ.get("DIGLOT_URL", "http://localhost:4000")
MODEL = os.environ.get("DIGLOT_MODEL", "qwen-local")

body = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "Tell me a story about a lighthouse."}],
    "options": {"num_predict": 60},
}
with httpx.stream("POST", f"{URL}/api/chat", json=body, timeout=300) as reply:
    reply.raise_for_status()
    for line in reply.iter_lines():
        event = json.loads(line)
        if "error" in event:
            raise SystemExit(event["error"])
        print(event["message"]["content"], end="", flush=True)
        if event["done"]:
            print(f"\n({event['eval_count']} tokens)")
