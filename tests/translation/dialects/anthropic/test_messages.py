"""What Anthropic's API has no place for is said, not broken over."""

from __future__ import annotations

from typing import Any

import pytest

from core.translation.report.report import explain_request
from core.translation.translate import translate_request

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


@pytest.mark.parametrize("parts", [[PICTURE], [{"type": "text", "text": "a"}, PICTURE]])
def test_a_picture_among_the_instructions(parts: list[dict[str, Any]]) -> None:
    hello = {"role": "user", "content": "hi"}
    body = {"model": "m", "messages": [{"role": "system", "content": parts}, hello]}
    written = translate_request(body, source="openai", target="anthropic")
    rows = explain_request(body, written, source="openai", target="anthropic")
    place = f"messages[0].content[{len(parts) - 1}].image_url.url"
    assert written.get("system") == ("a" if len(parts) == 2 else None)
    assert [row.outcome for row in rows if row.path == place] == ["dropped"]
