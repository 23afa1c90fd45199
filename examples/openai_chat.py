"""OpenAI's own SDK, talking to a local model: only the address is different.

Needs: pip install openai
"""

import os

from openai import OpenAI

URL = os.environ.get("DIGLOT_URL", "http://localhost:4000")
MODEL = os.environ.get("DIGLOT_MODEL", "qwen-local")

# On this machine no key is asked for, but the SDK wants one.
client = OpenAI(base_url=f"{URL}/v1", api_key="not-needed")

answer = client.chat.completions.create(
    model=MODEL,
    messages=[
        {"role": "system", "content": "Answer in one short sentence."},
        {"role": "user", "content": "Who are you?"},
    ],
)
print(answer.choices[0].message.content)
if answer.usage:
    print(f"({answer.usage.completion_tokens} tokens)")
