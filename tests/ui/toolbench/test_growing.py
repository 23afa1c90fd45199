"""What a growing text sends to the browser: all of it, and little of it twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.toolbench.growing import Blocks

pytestmark = pytest.mark.slow

LINES = st.lists(
    st.sampled_from(
        ["words and words", "", "```python", "```", "~~~~", "    indented", "- item", "1. item",
         "| a | b |", "x = 1", "````md", "word " * 40, "$$", "> quote"]
    ),
    max_size=400,
)  # fmt: skip


def play(text: str, step: int) -> tuple[dict[int, str], int]:
    """Grow to a text in steps; return what is shown at the end and how much was sent."""
    blocks, shown, sent = Blocks(), dict[int, str](), 0
    ends = [*range(step, len(text), step), len(text)]
    for end in ends:
        for number, block in blocks.grow(text[:end], final=end == len(text)):
            shown[number] = block
            sent += len(block)
    return shown, sent


@given(LINES, st.integers(1, 500))
def test_all_of_it_is_shown_whatever_the_steps(lines: list[str], step: int) -> None:
    text = "\n".join(lines)
    shown, _ = play(text, step)
    drawn = "\n".join(shown[number] for number in sorted(shown))
    fences = {line for line in lines if line.startswith(("```", "~~~~"))} | {"````", "```"}
    words = [line for line in drawn.splitlines() if line.strip() and line not in fences]
    assert "\n".join(words).split() == [
        word for line in lines if line not in fences for word in line.split()
    ]
    assert sorted(shown) == list(range(len(shown)))


LONG = {
    "paragraphs": "A sentence of some words. " * 8 + "\n\n",
    "code": "    value = compute(value)  # and so on\n",
    "a list": "- an item of a long tight list\n",
    "a table": "| a cell | another cell | a third |\n",
    "one line": "words without an end ",
    "blank lines": "\n",
}
HEADS = {"code": "```python\n", "a table": "| a | b | c |\n|---|---|---|\n"}


@pytest.mark.parametrize("kind", LONG)
def test_what_is_sent_grows_with_the_length_not_its_square(kind: str) -> None:
    rates = []
    for size in (10_000, 100_000):
        text = (HEADS.get(kind, "") + LONG[kind] * (size // len(LONG[kind]) + 1))[:size]
        # About 16 characters between two looks: 200 a second.
        _, sent = play(text, 16)
        rates.append(sent / size)
    assert rates[1] < 100
    assert rates[1] <= rates[0] * 1.3 + 1


def test_code_that_is_cut_stays_code() -> None:
    lines = [f"x{n} = {n}" for n in range(1000)]
    text = "Here:\n\n````python\n" + "\n".join(lines) + "\n````\n\nDone."
    shown, _ = play(text, 50)
    blocks = [shown[number] for number in sorted(shown)]
    code = [block for block in blocks if block.startswith("````python\n")]
    assert len(code) > 2
    assert all(block.rstrip().endswith("````") for block in code)
    assert [line for block in code for line in block.splitlines() if "=" in line] == lines
    assert blocks[-1] == "Done."
