"""The files of the embedded model: what is no such file is said with the key that names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.backends.embedded.files import check_model, read_template
from core.errors import ConfigError


def test_a_model_begins_with_its_mark(tmp_path: Path) -> None:
    file = tmp_path / "own.gguf"
    file.write_bytes(b"GGUF\x03")
    check_model(file, "diglot.embedded.mmproj")
    file.write_bytes(b"GGU")
    with pytest.raises(ConfigError, match="is not a GGUF file") as caught:
        check_model(file, "diglot.embedded.mmproj")
    assert caught.value.path == "diglot.embedded.mmproj"


def test_a_template_is_text_of_a_bounded_length(tmp_path: Path) -> None:
    file = tmp_path / "own.jinja"
    file.write_text("{{ 你好 }}", encoding="utf-8-sig")
    assert read_template(file, "k") == "{{ 你好 }}"
    for content in (b"", b" \n", b"\xff\xff", b"x" * (1024 * 1024 + 1)):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="is not a chat template"):
            read_template(file, "k")


def test_what_could_be_waited_for_is_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, tmp_path, Path("/dev/zero")):
        for read in (check_model, read_template):
            with pytest.raises(ConfigError, match="it is no file"):
                read(place, "k")
