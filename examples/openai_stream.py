"""An answer word by word, as it is being written.

Needs: pip install openai
"""

import os

from openai import OpenAI

URL = os.environ.get("DIGLOT_URL", "http://localhost:4000")
MODEL = os.environ.get("DIGLOT_MODEL", "qwen-local")

client = OpenAI(base_url=f"{URL}/v1", api_key="not-needed")

stream = client.chat.completions.create(
    model=MODEL,
    messages=[{"role": "user", "content": "Tell me a story about a lighthouse."}],
    max_tokens=60,
    stream=True,
    stream_options={"include_usage": True},
)
for chunk in stream:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
    if chunk.usage:
        print(f"\n({chunk.usage.completion_tokens} tokens)")
