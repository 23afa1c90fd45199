"""Why a part of a definition does not arrive, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from core.note import Note

__all__ = ["REASONS", "TARGETS", "Target"]

Target = Literal["diglot", "ollama", "ollama_new", "ollama_python", "openai_strict", "anthropic"]
TARGETS: Mapping[Target, Note] = {
    "diglot": Note(
        "Diglot:原样转发，一个字也不改。", "Diglot: passed on as it is, not one character changed."
    ),
    "ollama": Note("Ollama 服务器 0.17.4", "Ollama's server, 0.17.4", "Ollama api/types.go"),
    "ollama_new": Note(
        "Ollama 服务器 0.33", "Ollama's server, 0.33", "Ollama api/types.go", "0.33.0"
    ),
    "ollama_python": Note("Python 包 ollama", "The Python package ollama", "ollama/_types.py"),
    "openai_strict": Note(
        "OpenAI 严格模式（strict）", "OpenAI, strict", "OpenAI guide, structured outputs"
    ),
    "anthropic": Note("Anthropic", "Anthropic", "Anthropic API reference, messages"),
}
"""Where a definition may go, each with its name and the source that its rules are from."""

_GO = "Ollama api/types.go, ToolProperty"
_PYTHON = "ollama/_types.py, Tool"
_STRICT = "OpenAI guide, structured outputs, supported schemas"

REASONS: Mapping[str, Note] = {
    "kept": Note("原样保留。", "Kept as it is."),
    "dropped": Note("目标不认识这个关键字。", "The target does not know this keyword."),
    "changed": Note("目标用另一种写法。", "The target writes this in another way."),
    "added": Note("目标要求写明。", "The target wants this to be written."),
    "ollama.dropped": Note(
        "服务器把定义读进固定的结构，里面没有这个关键字：模型看不到它。",
        "The server reads definitions into a fixed structure that has no such keyword: the model "
        "never sees it.",
        _GO,
    ),
    "ollama_new.dropped": Note(
        "服务器把定义读进固定的结构，里面没有这个关键字：模型看不到它。",
        "The server reads definitions into a fixed structure that has no such keyword: the model "
        "never sees it.",
        _GO,
        "0.33.0",
    ),
    "ollama.dropped.required": Note(
        "0.17.4 只保留最外层的 required,嵌套对象里的会丢掉（新版本保留）。",
        "0.17.4 keeps required at the top only; that of nested objects is lost (newer versions "
        "keep it).",
        _GO,
    ),
    "ollama.dropped.$ref": Note(
        "引用会丢掉，这个参数变成任意值：请把被引用的定义直接写在这里。",
        "References are lost and the parameter becomes any value: write the definition here "
        "instead.",
        _GO,
    ),
    "ollama_new.dropped.$ref": Note(
        "引用会丢掉，这个参数变成任意值：请把被引用的定义直接写在这里。",
        "References are lost and the parameter becomes any value: write the definition here "
        "instead.",
        _GO,
        "0.33.0",
    ),
    "ollama.changed.type": Note(
        "只有一个元素的类型列表写成一个词。", "A list of one type is written as the type.", _GO
    ),
    "ollama.added": Note(
        "Go 的结构总会写出这个字段，哪怕是空的。",
        "Go's structure always writes this field, even empty.",
        _GO,
    ),
    "ollama_new.added": Note(
        "Go 的结构总会写出这个字段，哪怕是空的。",
        "Go's structure always writes this field, even empty.",
        _GO,
        "0.33.0",
    ),
    "ollama_python.dropped": Note(
        "这个包把定义读进 pydantic 模型，每个参数只留下 type、items、description 和 enum。",
        "The package reads definitions into a pydantic model, of each parameter it keeps only "
        "type, items, description and enum.",
        _PYTHON,
    ),
    "ollama_python.added": Note(
        "pydantic 模型的默认值。", "The pydantic model's default.", _PYTHON
    ),
    "dropped.default": Note(
        "默认值不会传到：请在描述里写一句。",
        "The default does not arrive: say it in the description.",
    ),
    "dropped.strict": Note("这里没有严格模式。", "There is no strict mode here."),
    "openai_strict.dropped": Note(
        "严格模式不支持这个关键字，带着它整个请求会被拒绝（400）。",
        "Strict mode does not support this keyword and would refuse the whole request (400).",
        _STRICT,
    ),
    "openai_strict.dropped.default": Note(
        "严格模式里没有默认值：请在描述里写一句。",
        "Strict mode has no defaults: say it in the description.",
        _STRICT,
    ),
    "openai_strict.dropped.oneOf": Note(
        "严格模式只认 anyOf。", "Strict mode knows only anyOf.", _STRICT
    ),
    "openai_strict.added.anyOf": Note(
        "严格模式只认 anyOf;可以省略的参数还要允许 null。",
        "Strict mode knows only anyOf; and what may be left out has to allow null.",
        _STRICT,
    ),
    "openai_strict.added.additionalProperties": Note(
        "严格模式要求每个对象都写 additionalProperties: false。",
        "Strict mode wants additionalProperties: false on every object.",
        _STRICT,
    ),
    "openai_strict.changed.additionalProperties": Note(
        "严格模式要求每个对象都写 additionalProperties: false;任意键名的字典没法表达。",
        "Strict mode wants additionalProperties: false on every object; a dictionary with any "
        "keys cannot be said.",
        _STRICT,
    ),
    "openai_strict.added.required": Note(
        "严格模式要求所有参数都列在 required 里。",
        "Strict mode wants every parameter in required.",
        _STRICT,
    ),
    "openai_strict.changed.required": Note(
        "严格模式要求所有参数都列在 required 里。",
        "Strict mode wants every parameter in required.",
        _STRICT,
    ),
    "openai_strict.changed.type": Note(
        "可以省略的参数在严格模式里写成允许 null。",
        "What may be left out is written as what may be null in strict mode.",
        _STRICT,
    ),
    "openai_strict.added.strict": Note(
        "严格模式要用 strict: true 打开。", "Strict mode is asked for by strict: true.", _STRICT
    ),
    "anthropic.added": Note(
        "Anthropic 要求写明参数的 schema,最外层必须是 object。",
        "Anthropic wants a schema of the arguments, of type object.",
    ),
    "go_property": Note(
        "服务器要求参数的 schema 是一个对象；写成 true 或 false 会被拒绝（400）。",
        "The server wants a parameter's schema to be an object; true or false is refused (400).",
        _GO,
    ),
    "go_type": Note(
        "服务器读不懂这个值的类型，会拒绝整个请求（400）。",
        "The server cannot read a value of this kind and refuses the whole request (400).",
        _GO,
    ),
    "python_type": Note(
        "这个包只接受 type: object,其他的在发送之前就报错。",
        "The package takes only type: object and raises an error before anything is sent.",
        _PYTHON,
    ),
    "python_property": Note(
        "这个包要求参数的 schema 是一个对象，否则在发送之前就报错。",
        "The package wants a parameter's schema to be an object and raises an error otherwise.",
        _PYTHON,
    ),
    "strict_root": Note(
        "严格模式要求最外层是 object,不能是 anyOf 之类。",
        "Strict mode wants an object at the top, not anyOf and the like.",
        _STRICT,
    ),
    "anthropic_root": Note(
        "Anthropic 要求最外层是 object,不接受 oneOf、allOf 或 anyOf(400)。",
        "Anthropic wants an object at the top and refuses oneOf, allOf and anyOf there (400).",
        "Anthropic API reference, messages",
    ),
}
