"""What is plain, and that its texts stay as they came."""

from __future__ import annotations

import msgspec
import pytest

from core.translation.dialects.shared.plain import NO_TEXT, PLAIN, PLAIN_CHAT, PLAIN_MESSAGES

CHAT = b'{"model":"m","messages":[{"role":"user","content":%b}]}'


@pytest.mark.parametrize("text", [rb'""', rb'"a\u00e9\/\n"', '"漢 é"'.encode(), rb'"\"[{"'])
def test_a_text_stays_as_it_came(text: bytes) -> None:
    for decoder in (PLAIN, PLAIN_CHAT):
        (said,) = decoder.decode(CHAT.replace(b"%b", b" " + text + b" ")).messages
        assert bytes(said.content) == text


@pytest.mark.parametrize(
    "content", [b"null", b"1", b"[]", b'["a"]', b"{}", b'[{"type":"text","text":"a"}]', b"true"]
)
def test_what_is_no_text_is_not_plain(content: bytes) -> None:
    for decoder in (PLAIN, PLAIN_CHAT):
        with pytest.raises(msgspec.ValidationError):
            decoder.decode(CHAT.replace(b"%b", content))


@pytest.mark.parametrize(
    "content", [b'"', b'"a', rb'"\x"', rb'"\u12"', b'"a\nb"', rb'"\ud800"', b"'a'", b""]
)
def test_what_is_no_json_is_not_plain(content: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        PLAIN.decode(CHAT.replace(b"%b", content))


@pytest.mark.parametrize(
    "more", [b'"tools":[]', b'"temperature":1', b'"name":"a"', b'"stream":"true"']
)
def test_what_else_is_said_is_not_plain(more: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        PLAIN.decode(CHAT.replace(b"%b", b'"a"').replace(b'"model"', more + b',"model"'))


@pytest.mark.parametrize(
    ("more", "system"), [(b"", NO_TEXT), (b',"system":""', NO_TEXT), (rb',"system":"\n"', rb'"\n"')]
)
def test_the_system_prompt_of_messages_is_a_text(more: bytes, system: bytes) -> None:
    body = CHAT.replace(b"%b", b'"a"').replace(b'"model"', b'"max_tokens":1,"model"')
    assert bytes(PLAIN_MESSAGES.decode(body[:-1] + more + b"}").system) == system
    for odd in (b"null", b"[]", b'[{"type":"text","text":"a"}]'):
        with pytest.raises(msgspec.ValidationError):
            PLAIN_MESSAGES.decode(body[:-1] + b',"system":' + odd + b"}")
    with pytest.raises(msgspec.ValidationError):
        PLAIN_MESSAGES.decode(body.replace(b'"max_tokens":1', b'"max_tokens":0'))
