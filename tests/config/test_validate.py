"""What is said of each key of a config, and that the table of keys is true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.config.config import parse_config
from core.config.keys.reference import known_keys
from core.config.settings import SETTINGS
from core.config.validate import explain_config, language_of
from core.words import languages, words
from tests.config.test_config import refused

ROOT = Path(__file__).parents[2]
_ACTS = "config.acts."
_P = "model_list[].litellm_params"


def test_what_acts_is_what_the_schema_reads() -> None:
    said = {key.removeprefix(_ACTS) for key in words("en") if key.startswith(_ACTS)}
    acts = {path for path, key in known_keys().items() if key.does == "acts"}
    assert acts - {f"{_P}.{name}" for name in SETTINGS} == said


def test_what_does_nothing_is_warned_of_with_the_reason() -> None:
    for path, key in known_keys().items():
        if key.does == "nothing" and "[]" not in path and "*" not in path:
            section, _, name = path.rpartition(".")
            text = f"{section}: {{{name}: 1}}" if section else f"{name}: {{a: 1}}"
            warnings = parse_config(text, environ={}).warnings
            assert warnings == (f"{path} has no effect: {key.text('en').rstrip('.')}",)


def test_what_decides_who_may_ask_or_where_data_goes_is_refused_unless_it_is_off() -> None:
    entry = "{model_name: m, litellm_params: {model: ollama/m}}"
    for path, key in known_keys().items():
        if key.does != "refused":
            continue
        section, _, name = path.rpartition(".")
        text = f"{section}: {{{name}: %s}}" if section else f"{name}: %s"
        if path.startswith("model_list[].litellm_params."):
            text = (
                f"model_list: [{{model_name: m, litellm_params: {{model: ollama/m, {name}: %s}}}}]"
            )
        elif path.startswith("model_list[].model_info."):
            text = f"model_list: [{entry[:-1]}, model_info: {{{name}: %s}}}}]"
        elif ".*." in path or path.startswith("mcp_servers.*"):
            head = f"mcp_servers: {{one: {{url: 'http://a', {name}: %s}}}}"
            text = head if path.startswith("mcp") else f"diglot: {{{head}}}"
        error = refused(text % "[x]")
        assert "is not obeyed here" in error.message and error.message.endswith("(line 1)"), path
        for off in ("false", "null", "[]", '""'):
            parse_config(text % off, environ={})


def test_each_key_is_explained_in_every_language() -> None:
    for key in known_keys().values():
        for language in languages():
            assert key.text(language) and "|" not in key.text(language)


def test_lines_are_named_with_the_file_that_holds_them(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(
        "model_list:\n  - model_name: two\n    litellm_params: {model: ollama/b}\n"
        "router_settings: {num_retries: 1}\n"
    )
    path = tmp_path / "config.yaml"
    path.write_text(
        "include: [more.yaml]\nmodel_list:\n  - model_name: one\n    litellm_params:\n"
        "      model: ollama/a\n      api_key: s3cret-of-the-file\n      mock_response: x\n"
        "      nonsense: {deep: 1}\nrouter_settings: {model_group_alias: {gpt-3.5: one}}\n"
    )
    usable, lines = explain_config(path, environ={}, language="en")
    assert usable
    text = "\n".join(lines)
    assert "config.yaml:5: + model_list[0].litellm_params.model: provider/model" in text
    assert "config.yaml:7: - model_list[0].litellm_params.mock_response: No answer" in text
    assert "config.yaml:8: ? model_list[0].litellm_params.nonsense: No such key" in text
    assert "nonsense.deep" not in text
    assert "more.yaml:2: + model_list[1].model_name: The name that clients use" in text
    assert "more.yaml:4: + router_settings.num_retries" in text
    # What the included file says takes the place of the section that was there.
    assert "model_group_alias" not in text
    assert "Deployments: 2, names: 2" in text
    assert "s3cret" not in text
    assert "能用" not in text and "可以用" in "\n".join(
        explain_config(path, environ={}, language="zh")[1]
    )


def test_what_cannot_be_used_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("model_list:\n  - model_name: one\n    litellm_params:\n      model: qwen\n")
    usable, lines = explain_config(path, environ={}, language="both")
    assert not usable
    assert "不能用：" in lines[-1] and "(line 4)" in lines[-1]
    assert "write ollama/qwen" in lines[-1]
    path.write_text("a: [")
    assert "not valid YAML at line 1" in explain_config(path, environ={}, language="en")[1][0]


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "both"),
        ({"LANG": "C.UTF-8"}, "both"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_users(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language


def core(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, env={"LANG": "zh_CN.UTF-8",
                                                                          "PYTHONUTF8": "1"},
    )  # fmt: skip


@pytest.mark.slow
def test_the_flags_that_answer_at_once(tmp_path: Path) -> None:
    assert core("--version").stdout.startswith("diglot 0.")
    path = tmp_path / "config.yaml"
    path.write_text("model_list: [{model_name: m, litellm_params: {model: ollama/m}}]\n")
    done = core("--config", str(path), "--validate-config")
    assert done.returncode == 0 and "可以用" in done.stdout
    path.write_text("model_list: [{model_name: m, litellm_params: {model: m}}]\n")
    done = core("--config", str(path), "--validate_config")
    assert done.returncode == 2 and "不能用" in done.stderr
    assert core("--validate-config").returncode == 2
    done = core("--model", "qwen3:4b")
    assert done.returncode == 2 and "write ollama/qwen3:4b" in done.stderr
    assert core("--health", "--port", "9").returncode == 1
