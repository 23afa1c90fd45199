"""Errors in the words of the client's API."""

from __future__ import annotations

import httpx
import pytest

from tests.support.direct_backend import Place


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("POST", "/v1/messages", b"{"),
        ("POST", "/v1/messages", b'{"model":"one/whole","messages":[]}'),
        ("POST", "/v1/messages", b'{"model":"none","max_tokens":1,"messages":[]}'),
        ("POST", "/v1/messages/count_tokens", b"{}"),
        ("PUT", "/v1/messages", b""),
        ("GET", "/v1/models/none", b""),
        ("GET", "/v1/models?limit=x", b""),
    ],
)
def test_an_error_of_anthropic_names_its_request_in_the_body_too(
    place: Place, method: str, path: str, body: bytes
) -> None:
    said = {"anthropic-version": "2023-06-01"}
    answer = httpx.request(method, place.url + path, content=body, headers=said)
    assert answer.status_code >= 400
    assert answer.json()["type"] == "error"
    assert answer.json()["request_id"] == answer.headers["request-id"]
