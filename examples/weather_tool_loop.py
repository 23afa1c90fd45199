"""A whole conversation with a tool: the model asks for the weather, gets it and answers.

It works with models that have learnt to call tools, and with those that have not.

Needs: pip install openai
"""

import json
import os
from typing import Any

from openai import OpenAI

URL = os.environ.get("DIGLOT_URL", "http://localhost:4000")
MODEL = os.environ.get("DIGLOT_MODEL", "llama3.1-tool-use")
TURNS = 5


def get_current_weather(location: str) -> dict[str, str]:
    """Stand in for a real weather service."""
    if "上海" in location or "shanghai" in location.lower():
        return {"temperature": "25°C", "condition": "多云"}
    return {"error": "未知地点"}


FUNCTIONS = {"get_current_weather": get_current_weather}
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "get_current_weather",
            "description": "查询一个城市现在的天气",
            "parameters": {
                "type": "object",
                "properties": {"location": {"type": "string", "description": "城市的名字"}},
                "required": ["location"],
            },
        },
    }
]


def run(name: str, arguments: str) -> str:
    """Call one function; what goes wrong is for the model to read."""
    if name not in FUNCTIONS:
        return json.dumps({"error": f"no function is called {name}"})
    try:
        return json.dumps(FUNCTIONS[name](**json.loads(arguments)), ensure_ascii=False)
    except (TypeError, ValueError) as exc:
        return json.dumps({"error": str(exc)})


client = OpenAI(base_url=f"{URL}/v1", api_key="not-needed")
messages: list[Any] = [{"role": "user", "content": "上海今天天气怎么样?"}]

for _ in range(TURNS):
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
    message = answer.choices[0].message
    messages.append(message.model_dump(exclude_none=True))
    if not message.tool_calls:
        print(f"answer: {message.content}")
        break
    for call in message.tool_calls:
        if call.type != "function":
            continue
        result = run(call.function.name, call.function.arguments)
        print(f"call: {call.function.name} {call.function.arguments}")
        print(f"result: {result}")
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
else:
    raise SystemExit(f"no answer after {TURNS} turns")
