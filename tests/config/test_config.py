"""LiteLLM's config.yaml: what is read, what is warned of, what is refused and where."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from core.config.config import Config, Embedded, load_config, parse_config
from core.config.deployment import Deployment
from core.config.routing import Routing
from core.errors import ConfigError

OLLAMA = "http://localhost:11434"

SEED = """\
# config.yaml
model_list:
  - model_name: qwen-local  # 为你的模型创建一个别名
    litellm_params:
      model: ollama/qwen3:4b
      api_base: http://localhost:11434

  - model_name: llama3.1-tool-use # 为支持工具调用的模型创建另一个别名
    litellm_params:
      model: ollama/llama3.1
      api_base: http://localhost:11434

litellm_settings:
  set_verbose: true
"""

USUAL = """\
model_list:
  - model_name: llama3.2
    litellm_params:
      model: ollama_chat/llama3.2:latest
      api_base: http://localhost:11434
      keep_alive: -1
      num_ctx: 8192
      max_tokens: os.environ/LIMIT
      stop: "###"
      think: false
      rpm: 60
    model_info: {supports_function_calling: true, mode: chat}
  - model_name: "ollama/*"
    litellm_params: {model: "ollama_chat/*", api_base: os.environ/OLLAMA_URL}
  - model_name: gpt-4o
    litellm_params:
      model: openai/hf.co/a/b:Q4
      api_base: http://host:8000/v1/
      api_key: os.environ/MY_KEY
      timeout: 30
litellm_settings: {drop_params: true, check_provider_endpoint: true}
router_settings: {num_retries: 3, timeout: 90}
general_settings: {alerting: [slack]}
"""


def bare(config: Config) -> Config:
    """Return a config whose deployments have no ids, which are made of the other fields."""
    return replace(config, deployments=tuple(replace(d, id="") for d in config.deployments))


def one(params: str, **environ: str) -> Deployment:
    """Return the deployment that these litellm_params (a YAML flow mapping) make."""
    text = f"model_list: [{{model_name: m, litellm_params: {params}}}]"
    config = parse_config(text, environ=environ)
    assert config.warnings == ()
    return config.deployments[0]


def refused(text: str, **environ: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, environ=environ)
    return caught.value


def test_the_seeds_config_is_read_unchanged() -> None:
    assert bare(parse_config(SEED, environ={})) == Config(
        deployments=(
            Deployment(
                model_name="qwen-local", model="qwen3:4b", dialect="ollama", base_url=OLLAMA
            ),
            Deployment(
                model_name="llama3.1-tool-use", model="llama3.1", dialect="ollama", base_url=OLLAMA
            ),
        ),
        verbose=True,
    )


def test_the_config_in_the_seeds_own_text_is_read_unchanged() -> None:
    folder = Path(__file__).parents[3] / "shared" / "seed"
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.txt")]
    if not texts:
        pytest.skip("the seed's text is not beside this checkout")
    block = re.search(r"^ *# config\.yaml\n.*?set_verbose: true$", texts[0], re.M | re.S)
    assert block is not None
    assert parse_config(block[0], environ={}) == parse_config(SEED, environ={})


def test_the_file_that_ollama_users_write() -> None:
    environ = {"LIMIT": "256", "OLLAMA_URL": "gpu:11434", "MY_KEY": "s3cret"}
    config = bare(parse_config(USUAL, environ=environ))
    assert config.deployments == (
        Deployment(
            model_name="llama3.2",
            model="llama3.2:latest",
            dialect="ollama",
            base_url=OLLAMA,
            settings={"keep_alive": -1, "num_ctx": 8192, "max_tokens": 256, "stop": ["###"]},
            thinking=False,
            timeout=90.0,
            stream_timeout=90.0,
            rpm=60,
            abilities={"tools": True},
        ),
        Deployment(
            model_name="ollama/*",
            model="*",
            dialect="ollama",
            base_url="http://gpu:11434",
            timeout=90.0,
            stream_timeout=90.0,
        ),
        Deployment(
            model_name="gpt-4o",
            model="hf.co/a/b:Q4",
            dialect="openai",
            base_url="http://host:8000",
            api_key="s3cret",
            timeout=30.0,
            stream_timeout=30.0,
        ),
    )
    assert config.routing == Routing(num_retries=3)
    assert config.warnings == (
        "general_settings.alerting has no effect: No alerts; watch /metrics",
    )


@pytest.mark.parametrize(
    ("params", "environ", "expected"),
    [
        ("{model: ollama/m}", {}, ("ollama", "http://127.0.0.1:11434", "")),
        ("{model: ollama/m}", {"OLLAMA_HOST": "gpu"}, ("ollama", "http://gpu:11434", "")),
        ("{model: ollama/m}", {"OLLAMA_API_KEY": "k"}, ("ollama", "http://127.0.0.1:11434", "k")),
        ("{model: ollama/m, base_url: 'h:1/v1'}", {}, ("ollama", "http://h:1", "")),
        ("{model: openai/m}", {"OPENAI_API_KEY": "k"}, ("openai", "https://api.openai.com", "k")),
        ("{model: openai/m}", {"OPENAI_BASE_URL": "http://h/v1"}, ("openai", "http://h", "")),
        # A server named in the file must not be given OpenAI's own key.
        ("{model: openai/m, api_base: h}", {"OPENAI_API_KEY": "k"}, ("openai", "http://h", "")),
        ("{model: openai/m, api_base: 'h:1', api_key: x}", {}, ("openai", "http://h:1", "x")),
        ("{model: m, custom_llm_provider: openai, api_base: h}", {}, ("openai", "http://h", "")),
        ("{model: embedded/m}", {}, ("openai", "", "")),
    ],
)  # fmt: skip
def test_where_a_deployment_lives(
    params: str, environ: dict[str, str], expected: tuple[str, str, str]
) -> None:
    made = one(params, **environ)
    assert (made.dialect, made.base_url, made.api_key) == expected
    assert made.model == "m"
    assert made.embedded is ("embedded" in params)


@pytest.mark.parametrize(
    ("params", "settings"),
    [
        ("temperature: 0", {"temperature": 0}),
        ("temperature: os.environ/X", {"temperature": 0.5}),
        ("max_completion_tokens: 7", {"max_tokens": 7}),
        ("num_predict: 7", {"max_tokens": 7}),
        ("num_predict: 7, max_tokens: 8", {"max_tokens": 8}),
        ("top_k: 10.0", {"top_k": 10}),
        ("keep_alive: 5m", {"keep_alive": "5m"}),
        ("stop: [a, os.environ/X]", {"stop": ["a", "0.5"]}),
        ("use_mmap: 'true'", {"use_mmap": True}),
        ("seed: null", {}),
    ],
)
def test_defaults_for_requests_have_the_hubs_names_and_kinds(
    params: str, settings: dict[str, object]
) -> None:
    assert one(f"{{model: ollama/m, {params}}}", X="0.5").settings == settings


def test_a_key_is_never_shown() -> None:
    made = one("{model: openai/m, api_base: h, api_key: s3cret}")
    assert made.api_key == "s3cret"
    console = Console(file=io.StringIO(), width=300)
    console.print(made)
    for shown in (repr(made), str(made), f"{[made]}", console.file.getvalue()):  # type: ignore[attr-defined]  # a StringIO
        assert "s3cret" not in shown
        assert "***" in shown
    error = refused("model_list: [{model_name: m, litellm_params: {model: openai/m, api_key: 7}}]")
    assert "7" not in error.message


def test_an_unset_variable_is_named() -> None:
    text = "model_list: [{model_name: m, litellm_params: {model: ollama/m, %s: os.environ/NONE}}]"
    config = parse_config(text % "api_key", environ={})
    assert config.deployments[0].api_key == ""
    assert config.warnings == (
        "model_list[0].litellm_params.api_key names the environment variable NONE, which is not "
        "set; it is left empty",
    )
    error = refused(text % "api_base")
    assert error.path == "model_list[0].litellm_params.api_base"
    assert "NONE, which is not set" in error.message


def test_environment_variables_of_the_file_are_looked_up_too() -> None:
    text = """
environment_variables: {HOST_URL: "http://h:1", LIMIT: 9, OLLAMA_API_KEY: os.environ/OUTER}
model_list:
- {model_name: m, litellm_params: {model: ollama/m, api_base: os.environ/HOST_URL,
   max_tokens: os.environ/LIMIT}}
"""
    made = parse_config(text, environ={"HOST_URL": "http://other", "OUTER": "k"}).deployments[0]
    assert (made.base_url, made.api_key, made.settings) == ("http://h:1", "k", {"max_tokens": 9})


def test_unknown_keys_are_warned_of_once_each() -> None:
    text = """
model_list:
- {model_name: m, litellm_params: {model: ollama/m, foo: {bar: 1}},
   model_info: {supports_visoin: 1}}
litellm_settings: {check_provider_endpoint: false, callbacks: [prometheus]}
7: x
"""
    assert sorted(parse_config(text, environ={}).warnings) == [
        "7 has no effect",
        "litellm_settings.callbacks has no effect: /metrics is always on; other callbacks are not "
        "run",
        "litellm_settings.check_provider_endpoint has no effect: wildcards always list the "
        "backend's models",
        "model_list[0].litellm_params.foo has no effect",
        "model_list[0].model_info.supports_visoin has no effect; did you mean supports_vision?",
    ]


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("[]", None, "the file must be a mapping (key: value), not a list"),
        ("just text", None, "not text"),
        ("model_list: {a: 1}", "model_list", "must be a list (lines that start with -)"),
        ("model_list: [x]", "model_list[0]", "must be a mapping"),
        ("model_list: [{}]", "model_list[0].model_name", "is missing"),
        ("model_list: [{model_name: 4}]", "model_list[0].model_name", "put it in quotes"),
        ("model_list: [{model_name: m}]", "model_list[0].litellm_params", "is missing"),
        (
            "model_list: [{model_name: m, litellm_params: [a]}]",
            "model_list[0].litellm_params",
            "must be a mapping (key: value), not a list",
        ),
        (
            "model_list: [{model_name: m, litellm_params: {api_base: x}}]",
            "model_list[0].litellm_params.model",
            "is missing",
        ),
        ("litellm_settings: {set_verbose: maybe}", "litellm_settings.set_verbose", "true or false"),
        ("router_settings: {timeout: 0}", "router_settings.timeout", "above zero"),
        ("diglot: {embedded: {ctx: -1}}", "diglot.embedded.ctx", "above zero"),
        ("diglot: {embedded: {slots: many}}", "diglot.embedded.slots", "a whole number"),
    ],
)
def test_a_bad_shape_is_refused_with_its_path(text: str, path: str | None, says: str) -> None:
    error = refused(text)
    assert error.path == path
    assert says in error.message
    assert path is None or error.message.startswith(path)


@pytest.mark.parametrize(
    ("params", "key", "says"),
    [
        ("{model: 'qwen3:4b'}", "model", "write ollama/qwen3:4b"),
        ("{model: hf.co/a/b}", "model", "write ollama/hf.co/a/b"),
        ("{model: ollama/}", "model", "does not start with a provider"),
        ("{model: ollama/*}", "model", "model_name has no match"),
        ("{model: ollama/m, api_base: 'ftp://h'}", "api_base", "not the address of a server"),
        ("{model: ollama/m, temperature: hot}", "temperature", "must be a number"),
        ("{model: ollama/m, stop: [1]}", "stop[0]", "must be a string"),
        ("{model: ollama/m, think: 3}", "think", "true, false or an effort"),
        # What was meant for a server of one's own would go to OpenAI's.
        (
            "{model: openai/m, api_key: k, api_base: ''}",
            "api_base",
            "requests would go to https://api.openai",
        ),
        (
            "{model: openai/m, api_key: k, api_base: }",
            "api_base",
            "requests would go to https://api.openai",
        ),
        (
            "{model: groq/m, api_key: k, base_url: null}",
            "base_url",
            "requests would go to https://api.groq",
        ),
        (
            "{model: ollama/m, additional_drop_params: [seed, messages]}",
            "additional_drop_params",
            "drops messages, without which",
        ),
        ("{model: ollama/m, blocked: true}", "blocked", "not obeyed here"),
        ("{model: ollama/m, http_proxy: 'http://p'}", "http_proxy", "not through a proxy"),
    ],
)
def test_bad_parameters_are_refused_with_their_path(params: str, key: str, says: str) -> None:
    error = refused(
        "model_list: [{model_name: a, litellm_params: {model: ollama/a}}, "
        f"{{model_name: m, litellm_params: {params}}}]"
    )
    assert error.path == f"model_list[1].litellm_params.{key}"
    assert says in error.message


def test_yaml_errors_say_line_and_column() -> None:
    assert refused("model_list:\n  - a: b\n c: d").message.startswith(
        "not valid YAML at line 3, column 2: "
    )
    assert "line 1, column 7" in refused("key: a: b").message
    assert "not valid YAML" in refused("a: \x00").message
    assert "not valid YAML" in refused("a: 2024-13-45").message


@pytest.mark.parametrize("text", ["", "# nothing\n", "model_list:\n", "litellm_settings: null"])
def test_an_empty_file_is_an_empty_config(text: str) -> None:
    assert parse_config(text, environ={}) == Config()


def test_the_embedded_model_is_set_up_in_a_section_of_our_own(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "diglot:\n  strict: true\n  embedded:\n    model: models/own.gguf\n    max_tokens: 99\n"
        "    ctx: 2048\n    slots: 3\n    threads: 1\n",
        encoding="utf-8-sig",
    )
    config = load_config(path, environ={})
    assert config.strict
    assert config.embedded == Embedded(
        model=tmp_path / "models" / "own.gguf", max_tokens=99, ctx=2048, slots=3, threads=1
    )
    assert config.embedded.name == "own"
    assert Embedded().name == "smollm2:135m"
    assert config.warnings == ()


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml cannot be read: No such file"):
        load_config(tmp_path / "none.yaml", environ={})
    (tmp_path / "latin.yaml").write_bytes("a: ü".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8 text: byte 3"):
        load_config(tmp_path / "latin.yaml", environ={})
