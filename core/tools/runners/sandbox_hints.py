"""What to use instead, where user-written Python asks for what its sandbox does not have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.note import Note

__all__ = ["MODULES", "hint_for"]

MODULES = (
    "asyncio", "base64", "binascii", "bisect", "collections", "copy", "csv", "dataclasses",
    "datetime", "decimal", "functools", "hashlib", "itertools", "json", "math", "random", "re",
    "time", "tomllib", "typing", "unicodedata",
)  # fmt: skip
"""The modules that user-written tools may import."""

_HINTS: Sequence[tuple[str, str, Note]] = (
    ("TimeoutError|killed", "", Note(
        "沙箱里的代码有时间限制：减少循环次数，或把大的计算放到受信任的工具里。",
        "Code in the sandbox has a limit of time: loop less, or make it a trusted tool.",
    )),
    ("MemoryError", "", Note(
        "沙箱里的内存和输出有限：分批处理，只返回需要的部分。",
        "Memory and output are limited in the sandbox: work in parts, return only what is needed.",
    )),
    ("RecursionError", "", Note(
        "递归太深：改用循环。", "The recursion is too deep: use a loop.",
    )),
    ("ModuleNotFoundError|ImportError",
     r"requests|http|urllib|socket|aiohttp|ssl|ftplib|smtplib|websocket", Note(
        "沙箱里不能上网：改用 HTTP 工具（写网址模板），或请运维人员放一个受信任的工具。",
        "There is no network in the sandbox: make an HTTP tool (a URL template), or ask the "
        "operator for a trusted tool.",
    )),
    ("ModuleNotFoundError|ImportError", "", Note(
        f"沙箱里只有这些模块：{'、'.join(MODULES)}。",
        f"The sandbox has only these modules: {', '.join(MODULES)}.",
    )),
    ("PermissionError|FileNotFoundError|OSError", "", Note(
        "沙箱里没有文件：把内容作为参数传进来，或请运维人员放一个受信任的工具。",
        "There are no files in the sandbox: pass the content as an argument, or ask the operator "
        "for a trusted tool.",
    )),
    ("RuntimeError", "not supported in this environment", Note(
        "沙箱看不到这台机器的环境：需要的值请作为参数传进来。",
        "The sandbox does not see this machine: pass what is needed as an argument.",
    )),
    ("NotImplementedError", "yield", Note(
        "沙箱里没有生成器：先放进列表，再返回列表。",
        "There are no generators in the sandbox: collect into a list and return that.",
    )),
    ("NotImplementedError", "class", Note(
        "沙箱里的类不能继承：用普通的类、dataclass 或 dict。",
        "Classes cannot inherit in the sandbox: use a plain class, a dataclass or a dict.",
    )),
    ("NotImplementedError", "", Note(
        "沙箱只懂 Python 的一部分：换一种简单的写法，或做成受信任的工具。",
        "The sandbox knows a part of Python: write it more simply, or make it a trusted tool.",
    )),
    ("TypeError", "JSON serializable", Note(
        "工具要返回文字或 JSON 值：集合请转成列表，对象请转成 dict。",
        "A tool returns text or a JSON value: turn a set into a list, an object into a dict.",
    )),
    ("NameError|AttributeError", r"'?(__\w+__|eval|exec|compile|globals|vars|input|open|exit)'?",
     Note(
        "沙箱里没有解释器的内部接口。",
        "The sandbox has nothing of the interpreter's insides.",
    )),
)  # fmt: skip


def hint_for(kind: str, message: str) -> Note | None:
    """Return what to use instead, for an error of this type and text."""
    for kinds, pattern, note in _HINTS:
        if re.fullmatch(kinds, kind) and re.search(pattern, message):
            return note
    return None
