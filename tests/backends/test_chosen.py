"""What an operator chooses: files and servers that are there, and those that are not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.backends.chosen import Choice, choose_file, choose_server
from core.backends.fleet import Fleet
from core.config.config import Config, Embedded, parse_config
from core.error_kinds import error_facts, fault_kind
from core.errors import DiglotError
from tests.backends.test_next_steps import fleet_of
from tests.support.programs import CLOSED, free_port
from tests.support.scripted_backend import Said, Scripted, running


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        # Not yet an Ollama.
        del scripted.answers["/api/version"]
        yield scripted


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file that looks like a model."""
    file = tmp_path / "own 模型.gguf"
    file.write_bytes(b"GGUF....")
    return file


def choose(address: str, *, own_port: int = 0) -> Choice:
    return asyncio.run(choose_server(address, own_port=own_port))


def kind_of(error: DiglotError) -> str:
    return fault_kind(error_facts(error), container=False)


def test_a_file_is_the_embedded_model_under_its_own_name(own: Path) -> None:
    template = own.with_name("own.jinja")
    template.write_text("{{ messages }}")
    choice = choose_file(f" {own} ", mmproj=str(own), chat_template=str(template))
    config = choice.apply(Config(embedded=Embedded(ctx=99)))
    assert config.embedded == Embedded(model=own, mmproj=own, chat_template=template, ctx=99)
    (only,) = config.deployments
    assert (only.model_name, only.model, only.embedded) == (own.stem, own.stem, True)
    # What is shown as lines to keep is what is used.
    assert parse_config(choice.text, environ={}) == choice.config
    assert choose_file(str(own)).config.embedded == Embedded(model=own)


def test_a_file_may_begin_with_the_home_folder(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(own.parent))
    assert choose_file(f"~/{own.name}").config.embedded.model == own


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "gguf_missing"),
        ("own 模型.gguf", "gguf_missing"),
        ("{folder}/none.gguf", "gguf_missing"),
        ("{folder}", "gguf_missing"),
        ("{folder}/pipe", "gguf_missing"),
        ("/dev/zero", "gguf_missing"),
        ("{folder}/nul\0", "gguf_missing"),
        ("{folder}/text", "gguf_other"),
        ("{folder}/empty", "gguf_other"),
        ("{folder}/many*of*them.gguf", "gguf_other"),
    ],
)
def test_a_file_that_is_no_model_is_a_sentence_and_is_not_waited_for(
    own: Path, name: str, kind: str
) -> None:
    folder = own.parent
    os.mkfifo(folder / "pipe")
    (folder / "text").write_text("PK")
    (folder / "empty").write_text("")
    (folder / "many*of*them.gguf").write_bytes(b"GGUF")
    with pytest.raises(DiglotError) as caught:
        choose_file(name.format(folder=folder))
    assert kind_of(caught.value) == kind


@pytest.mark.parametrize(
    ("mmproj", "template", "kind"),
    [
        ("none.gguf", "", "gguf_missing"),
        ("{folder}/text", "", "gguf_other"),
        ("", "{folder}/none.jinja", "gguf_missing"),
        ("", "{folder}/binary", "gguf_other"),
        ("", "{folder}/blank", "gguf_other"),
        ("", "/dev/zero", "gguf_missing"),
    ],
)
def test_so_is_one_of_its_other_files(own: Path, mmproj: str, template: str, kind: str) -> None:
    folder = own.parent
    (folder / "text").write_text("PK")
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    (folder / "blank").write_text(" \n")
    with pytest.raises(DiglotError) as caught:
        choose_file(str(own), mmproj=mmproj.format(folder=folder),
                    chat_template=template.format(folder=folder))  # fmt: skip
    assert kind_of(caught.value) == kind


@pytest.mark.parametrize("form", ["{url}", "{bare}", " {url}/ ", "{url}/v1", "{url}/api/chat"])
def test_an_ollama_is_found_however_its_address_is_written(backend: Scripted, form: str) -> None:
    backend.json("/api/version", {"version": "0.33.0"})
    bare = backend.url.removeprefix("http://")
    (only,) = choose(form.format(url=backend.url, bare=bare)).config.deployments
    assert (only.dialect, only.base_url, only.model_name) == ("ollama", backend.url, "*")


@pytest.mark.parametrize(
    ("form", "version"),
    [("{url}", "/v1"), ("{url}/v1", "/v1"), ("{url}/v1/chat/completions", "/v1"),
     ("{url}/api/paas/v4", "")],
)  # fmt: skip
def test_so_is_a_server_of_openais_api(backend: Scripted, form: str, version: str) -> None:
    for path in ("/v1/models", "/api/paas/v4/models"):
        backend.json(path, {"object": "list", "data": [{"id": "brain"}]})
    choice = choose(form.format(url=backend.url))
    (only,) = choice.config.deployments
    assert (only.dialect, only.version, only.api_key) == ("openai", version, "")
    addresses = [f"{backend.url}{path}/models" for path in ("/v1", "/api/paas/v4")]
    assert only.url("/v1/models") in addresses
    assert parse_config(choice.text, environ={}) == choice.config


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Said([b"<html>"], content_type="text/html"), "no_known_api"),
        (Said([b'{"version": 3, "data": {}}']), "no_known_api"),
        (Said([b"[]"]), "no_known_api"),
        (Said([b"{}"], status=302, headers={"location": "http://127.0.0.1:9/"}), "no_known_api"),
        (Said([b'{"ver'], cut=True), "no_known_api"),
        (Said([b"{}"], status=401), "access_denied"),
    ],
)
def test_what_answers_otherwise_is_a_sentence(backend: Scripted, answer: Said, kind: str) -> None:
    for path in ("/api/version", "/v1/models"):
        backend.says(path, answer)
    with pytest.raises(DiglotError) as caught:
        choose(backend.url)
    assert kind_of(caught.value) == kind


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("", "address_refused"),
        ("file:///etc/passwd", "address_refused"),
        ("http://${{HOST}}/v1", "address_refused"),
        ("http://localhost:99999", "address_refused"),
        ("http://169.254.169.254/latest", "address_refused"),
        ("http://[::ffff:169.254.169.254]", "address_refused"),
        ("http://[64:ff9b::a9fe:a9fe]", "address_refused"),
        ("http://2852039166", "address_refused"),
        ("http://[fe80::1]:8080", "address_refused"),
        ("http://[fd00:ec2::254]", "address_refused"),
        ("http://224.0.0.1", "address_refused"),
        (CLOSED, "backend_refused"),
    ],
)
def test_an_address_without_a_server_is_a_sentence(address: str, kind: str) -> None:
    with pytest.raises(DiglotError) as caught:
        choose(address)
    assert kind_of(caught.value) == kind


def test_a_password_in_an_address_is_not_said() -> None:
    for address in ("ftp://ann:geheim@host", "http://ann:geheim@127.0.0.1:9/"):
        with pytest.raises(DiglotError) as caught:
            choose(address)
        assert "geheim" not in caught.value.message


def test_diglot_is_not_its_own_server() -> None:
    port = free_port()
    with pytest.raises(DiglotError, match="Diglot itself"):
        choose(f"http://localhost:{port}/v1", own_port=port)


def test_a_choice_takes_the_place_of_what_is_found_and_can_be_taken_back(
    backend: Scripted, tmp_path: Path
) -> None:
    backend.json("/v1/models", {"object": "list", "data": [{"id": "brain"}]})
    with running() as found:
        found.json("/api/tags", {"models": []})
        with fleet_of({"OLLAMA_HOST": found.url}) as fleet:
            assert fleet.status().kind == "server" and fleet.choosable
            fleet.call(fleet.choose(choose(backend.url)))
            status = fleet.status()
            assert (status.kind, status.base_url) == ("chosen", backend.url)
            assert [entry["name"] for entry in fleet.call(fleet.models())] == ["brain"]
            # Looking again keeps it.
            fleet.call(fleet.discover())
            assert fleet.status().kind == "chosen"
            fleet.call(fleet.choose(None))
            assert (fleet.status().kind, fleet.status().base_url) == ("server", found.url)


def test_a_choice_holds_that_is_made_while_another_page_looks(backend: Scripted) -> None:
    backend.json("/v1/models", {"object": "list", "data": [{"id": "brain"}]})
    choice = choose(backend.url)

    async def both(fleet: Fleet, found: Scripted) -> None:
        found.says("/api/version", Said([b'{"version": "1"}'], pause=0.3))
        known = len(found.asked)
        looking = asyncio.create_task(fleet.discover())
        while len(found.asked) == known:  # noqa: ASYNC110  # another thread's
            await asyncio.sleep(0.01)
        await asyncio.gather(looking, fleet.choose(choice))

    with running() as found, fleet_of({"OLLAMA_HOST": found.url}) as fleet:
        fleet.call(both(fleet, found))
        assert (fleet.status().kind, fleet.status().base_url) == ("chosen", backend.url)


def test_a_config_with_models_is_not_changed_by_a_choice(own: Path) -> None:
    text = "model_list: [{model_name: a, litellm_params: {model: embedded/b}}]"
    config = parse_config(text, environ={})
    assert choose_file(str(own)).apply(config) == config


@pytest.mark.embedded
def test_another_file_takes_the_place_of_the_model_that_runs(
    model_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.gguf"
    other.symlink_to(model_file)
    with fleet_of({**os.environ, "OLLAMA_HOST": CLOSED}) as fleet:
        first = fleet.embedded
        assert first is not None
        fleet.call(first.start())
        fleet.call(fleet.choose(choose_file(str(other))))
        second = fleet.embedded
        assert second is not None and second is not first
        assert (first.state.phase, first.pid) == ("stopped", None)
        fleet.call(second.start())
        assert [entry["name"] for entry in fleet.call(fleet.models())] == ["other"]
        assert fleet.status().kind == "embedded"
        fleet.call(fleet.choose(None))
        assert second.pid is None and fleet.config.embedded.model is None
