"""What an import says of everything that it does not keep exactly as it was."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from core.note import Note

__all__ = ["WHY", "ImportRow", "Ledger", "Outcome", "Unit"]

Unit = Literal["file", "chat", "message", "part"]

Outcome = Literal["joined", "changed", "skipped"]
"""Part of another message now; kept in another form; not kept."""

WHY: dict[str, Note] = {
    "turn": Note(
        "思考、工具调用和结果并进了它们所属的那条回答。",
        "Thinking, tool calls and their results are now part of the answer they belong to.",
    ),
    "empty": Note("里面没有任何内容。", "There is nothing in it."),
    "hidden": Note(
        "原来的产品也不显示它（内部提示、个人设定）。",
        "The other product does not show it either (inner prompts, custom instructions).",
    ),
    "prompt_only": Note(
        "只有系统提示词，没有人说过话。", "There is only a system prompt, and nobody says anything."
    ),
    "broken": Note("结构不完整，读不出消息。", "It is not whole: no messages can be read from it."),
    "twice": Note("同一条内容出现了两次，只留一份。", "It is there twice; one is kept."),
    "orphan": Note(
        "它前面的那条消息不在文件里，所以作为开头保留。",
        "The message before it is not in the file, so it is kept as a beginning.",
    ),
    "loop": Note(
        "文件里的消息互相循环引用，在这里断开了。",
        "The file's messages follow each other in a circle, which is cut here.",
    ),
    "image_missing": Note(
        "图片不在文件里，只留下名字。上传完整的 ZIP 就能带上图片。",
        "The picture is not in the file, so only its name is kept. The whole ZIP brings it along.",
    ),
    "image_made": Note(
        "模型生成的图片没有保留，只留下名字。",
        "Pictures that a model made are not kept, only their names.",
    ),
    "file_missing": Note(
        "附件不在文件里，只留下名字。", "The attachment is not in the file; only its name is kept."
    ),
    "file_refused": Note(
        "附件不是文字也不是图片，或者太大，只留下名字。",
        "The attachment is neither text nor a picture, or too large; only its name is kept.",
    ),
    "audio": Note(
        "没有保留录音，文字稿保留了。",
        "Recordings are not kept; what was written down is.",
    ),
    "citation": Note("引用标记换成了普通链接。", "Marks of citations have become ordinary links."),
    "recap": Note(
        "“思考了多少秒”变成了思考的时长。",
        "“Thought for … seconds” is now the thinking's duration.",
    ),
    "arguments": Note(
        "工具参数不是 JSON 对象，放进了 input 字段。",
        "The arguments were no JSON object; they now stand in a field input.",
    ),
    "unknown": Note(
        "不认识这种内容，原样保留为 JSON。",
        "Content of a kind not known here; kept as JSON, as it was.",
    ),
    "role": Note(
        "不认识这个角色，所以没有保留。", "A role that is not known here, so it is not kept."
    ),
    "edited": Note(
        "这条回答的文字被人改过，以改过的为准，模型原来写的没有保留。",
        "Somebody has edited this answer: their words are kept, the model's own are not.",
    ),
    "sources": Note(
        "检索到的来源和状态记录没有保留。",
        "Sources found by searching and records of progress are not kept.",
    ),
    "no_chats": Note("这个文件里没有对话。", "There are no chats in this file."),
    "bad_file": Note("这个文件读不出来。", "This file cannot be read."),
}


class ImportRow(Struct, frozen=True, kw_only=True):
    """One line of the report: the same thing for the same reason in one chat.

    ``chat`` is the chat's title, ``paths`` are all the places in the file.
    """

    unit: Unit
    outcome: Outcome
    why: str
    chat: str
    paths: tuple[str, ...]

    @property
    def note(self) -> Note:
        """The reason in words."""
        return WHY[self.why]

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(self.paths)


class Ledger:
    """The report while a file is read. ``chat`` is the title of the one being read."""

    def __init__(self) -> None:
        self.chat = ""
        self.messages = 0
        self.chats = 0
        self._places: dict[tuple[Unit, Outcome, str, str], list[str]] = {}

    def add(self, unit: Unit, outcome: Outcome, why: str, path: str) -> None:
        """Write down that something at ``path`` is not kept as it was."""
        self._places.setdefault((unit, outcome, why, self.chat), []).append(path)

    def rows(self) -> tuple[ImportRow, ...]:
        """Return the report: what is not kept first, then what is changed, then what is joined."""
        order = ("skipped", "changed", "joined")
        rows = [
            ImportRow(unit=unit, outcome=outcome, why=why, chat=chat, paths=tuple(paths))
            for (unit, outcome, why, chat), paths in self._places.items()
        ]
        return tuple(sorted(rows, key=lambda row: order.index(row.outcome)))
