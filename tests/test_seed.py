"""The seed, run for real: its own commands and scripts, over Ollama and without any.

Every test runs what the text holds, unchanged but for a port that somebody else has taken.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from core.config.config import parse_config
from tests.support.programs import ROOT, run
from tests.support.seed import block, seed_config
from tests.support.servers import MOST_TOKENS, Gateway, Ollama, places

pytestmark = pytest.mark.slow

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

NATIVE_PORT = "http://localhost:11434"
OPENAI_PORT = "http://localhost:4000"


def curl(start: str, url: str, *, number: int = 0) -> Any:
    """Run one of the text's curl commands against ``url`` and return the JSON it prints."""
    command = block(start, "}'", last=True, number=number)
    return json.loads(run(["bash", "-c", _at(command, url)]))


def script(start: str, end: str, url: str, folder: Path) -> str:
    """Run one of the text's scripts against ``url`` and return what it prints."""
    path = folder / "script.py"
    path.write_text(_at(block(start, end), url), encoding="utf-8")
    return run([sys.executable, str(path)])


def _at(text: str, url: str) -> str:
    port = NATIVE_PORT if NATIVE_PORT in text else OPENAI_PORT
    assert port in text
    return text.replace(port, url)


def native_curl(url: str) -> Any:
    return curl("curl http://localhost:11434/api/generate", url)


def native_script(url: str, folder: Path) -> str:
    return script("import requests", "小结", url, folder)


def after(heading: str, printed: str) -> str:
    """Return what was printed after a heading."""
    _, found, rest = printed.partition(heading)
    assert found, printed
    return rest.strip()


@pytest.mark.parametrize("source", ["text", "examples/config.yaml"])
def test_the_config_is_read_whole(source: str) -> None:
    text = seed_config() if source == "text" else (ROOT / source).read_text("utf-8")
    config = parse_config(text, environ={})
    assert config.warnings == ()
    assert config.verbose
    assert [(d.model_name, d.model, d.dialect, d.base_url) for d in config.deployments] == [
        ("qwen-local", "qwen3:4b", "ollama", NATIVE_PORT),
        ("llama3.1-tool-use", "llama3.1", "ollama", NATIVE_PORT),
    ]


# 1. The native call: to Ollama itself, and to Diglot in its place.

natively = places("bare_over_ollama", "seed_embedded")


@needs_curl
@pytest.mark.ollama
def test_native_curl_at_ollama(ollama_server: Ollama) -> None:
    assert is_native_answer(native_curl(ollama_server.url))


@pytest.mark.ollama
def test_native_script_at_ollama(ollama_server: Ollama, tmp_path: Path) -> None:
    assert after("来自Ollama原生API的回复:", native_script(ollama_server.url, tmp_path))


@needs_curl
@natively
def test_native_curl_at_diglot(place: Gateway) -> None:
    assert is_native_answer(native_curl(place.url))


@natively
def test_native_script_at_diglot(place: Gateway, tmp_path: Path) -> None:
    assert after("来自Ollama原生API的回复:", native_script(place.url, tmp_path))


def is_native_answer(answer: Any) -> bool:
    assert answer["model"] == "qwen3:4b"
    assert answer["response"].strip()
    assert answer["done"] is True
    assert answer["done_reason"] in ("stop", "length")
    assert 0 < answer["eval_count"] <= MOST_TOKENS
    return True


# 2. The same models in OpenAI's dialect, behind the text's config.

openly = places("seed_over_ollama", "seed_embedded")


@needs_curl
@openly
def test_chat_curl(place: Gateway) -> None:
    answer = curl("curl -X POST", place.url)
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "qwen-local"
    choice = answer["choices"][0]
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"].strip()
    assert choice["finish_reason"] in ("stop", "length")
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert 0 < usage["completion_tokens"] <= MOST_TOKENS


@openly
def test_sdk_script(place: Gateway, tmp_path: Path) -> None:
    printed = script("from openai import OpenAI", "第三部分", place.url, tmp_path)
    assert after("通过LiteLLM + OpenAI SDK的回复:", printed)


@openly
def test_sdk_streaming(place: Gateway) -> None:
    """The text's call with ``stream=True``: words come one by one, while they are made."""
    pieces: list[tuple[float, str]] = []
    finish: list[str] = []
    with OpenAI(base_url=f"{place.url}/v1", api_key="not-needed", max_retries=0) as client:
        stream = client.chat.completions.create(
            model="llama3.1-tool-use",
            messages=[{"role": "user", "content": "Write a long story about the sea."}],
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in stream:
            for choice in chunk.choices:
                if choice.delta.content:
                    pieces.append((time.monotonic(), choice.delta.content))
                if choice.finish_reason:
                    finish.append(choice.finish_reason)
            usage = chunk.usage
    assert finish in (["stop"], ["length"])
    assert usage is not None and usage.completion_tokens >= len(pieces)
    assert len(pieces) > 20
    # A buffered answer would come at once; the model needs 10 ms for a token at best.
    assert pieces[-1][0] - pieces[0][0] > 0.05


# 3. The tool loop.


@needs_curl
@openly
def test_tool_curl(place: Gateway) -> None:
    answer = curl("curl -X POST", place.url, number=1)
    choice = answer["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["type"] == "function" and call["id"]
    assert call["function"]["name"] == "get_current_weather"
    assert json.loads(call["function"]["arguments"]) == {"location": "上海"}


@openly
def test_the_whole_weather_loop(place: Gateway, tmp_path: Path) -> None:
    printed = script("import json\nfrom openai import OpenAI", "直观对比总结", place.url, tmp_path)
    assert "--- 模型请求调用工具 ---" in printed
    assert "--- 正在执行工具:获取 上海 的天气 ---" in printed
    assert after("模型的最终回复:", printed)


@openly
def test_it_is_said_that_the_call_was_emulated(place: Gateway) -> None:
    weather = {"name": "get_current_weather", "description": "获取指定地点的当前天气信息"}
    body = {
        "model": "llama3.1-tool-use",
        "messages": [{"role": "user", "content": "上海今天的天气怎么样?"}],
        "tools": [{"type": "function", "function": weather}],
        "tool_choice": "required",
    }
    answer = httpx.post(f"{place.url}/v1/chat/completions", json=body, timeout=60)
    assert answer.headers["x-diglot-emulated"] == "tools_emulated"
    assert answer.json()["choices"][0]["finish_reason"] == "tool_calls"


# The examples of this repository do the same in words of their own.


@places("seed_over_ollama", "seed_embedded")
@pytest.mark.parametrize("name", ["native_generate.sh", "openai_chat.sh"])
@needs_curl
def test_shell_examples(place: Gateway, name: str) -> None:
    answer = json.loads(example("bash", name, place))
    assert answer["model"] == place.model
    text = answer.get("response") or answer["choices"][0]["message"]["content"]
    assert text.strip()


@openly
@pytest.mark.parametrize(
    "name", ["native_generate.py", "native_stream.py", "openai_chat.py", "openai_stream.py"]
)
def test_python_examples(place: Gateway, name: str) -> None:
    printed = example(sys.executable, name, place)
    text, _, tokens = printed.strip().rpartition("\n(")
    assert text.strip()
    assert int(tokens.split()[0]) > 0


@openly
def test_the_weather_example(place: Gateway) -> None:
    printed = run(
        [sys.executable, str(ROOT / "examples/weather_tool_loop.py")],
        environ={"DIGLOT_URL": place.url},
    )
    call, result, answer = printed.split("\n", 2)
    assert call.startswith("call: get_current_weather ") and "上海" in call
    assert result == 'result: {"temperature": "25°C", "condition": "多云"}'
    assert after("answer:", answer)


def example(program: str, name: str, place: Gateway) -> str:
    environ = {"DIGLOT_URL": place.url, "DIGLOT_MODEL": place.model}
    return run([program, str(ROOT / "examples" / name)], environ=environ)


def test_every_example_is_tested() -> None:
    files = (Path(__file__), Path(__file__).with_name("test_library.py"))
    tests = "".join(file.read_text("utf-8") for file in files)
    for path in (ROOT / "examples").iterdir():
        assert path.name in tests, f"{path.name} is run by no test"
