"""Why a translation did what it did, in both languages, one sentence each.

A note is data: the report carries it, the pages show it, nobody computes with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.note import Note

__all__ = ["NOTES", "SOURCES"]


_API = "Ollama api/types.go"
_DOCS = "Ollama docs/api.md"
_COMPAT = "Ollama openai/openai.go"
_OPENAI = "OpenAI API reference, chat completions"
_RESPONSES = "OpenAI API reference, responses"
_ANTHROPIC = "Anthropic API reference, messages"

SOURCES: Mapping[str, str] = {
    _API: "https://github.com/ollama/ollama/blob/main/api/types.go",
    _DOCS: "https://github.com/ollama/ollama/blob/main/docs/api.md",
    _COMPAT: "https://github.com/ollama/ollama/blob/main/openai/openai.go",
    _OPENAI: "https://platform.openai.com/docs/api-reference/chat",
    _RESPONSES: "https://platform.openai.com/docs/api-reference/responses",
    _ANTHROPIC: "https://docs.anthropic.com/en/api/messages",
}
"""Where each source of a note is to be read."""

NOTES: dict[str, Note] = {
    "kept": Note("两边一样。", "The same on both sides."),
    "empty": Note("空值和不写是一个意思。", "Empty means the same as leaving it out."),
    "superseded": Note(
        "同一个参数用另一个名字也写了，那个值优先。",
        "The same parameter was also sent under another name, whose value wins.",
    ),
    "neutral": Note(
        "这个值就是默认值，不写也一样。",
        "This value is the default, so leaving it out says the same.",
    ),
    "bookkeeping": Note(
        "只供 OpenAI 记账、缓存或排队用，不影响回答的内容。",
        "Only for OpenAI's own accounts, caches and queues; the answer's content does not change.",
        _OPENAI,
    ),
    "running": Note(
        "只管服务器怎样运行模型（内存、线程、驻留时间），不影响回答的内容。",
        "Only about how the server runs the model (memory, threads, how long it stays loaded); "
        "the answer's content does not change.",
        _DOCS,
    ),
    "role_case": Note("角色名一律小写。", "Names of roles are written in lower case.", _API),
    "reasoning": Note(
        "思考过程：原生叫 thinking，OpenAI 兼容的服务器叫 reasoning_content 或 reasoning。",
        "A model's thinking: thinking natively, reasoning_content or reasoning elsewhere.",
        _API,
        "0.9.0",
    ),
    "refusal": Note(
        "原生没有单独的 refusal:拒绝的话就是回答的文字。",
        "There is no native refusal: the words of one are the answer's text.",
        _OPENAI,
    ),
    "format_strict": Note(
        "原生的 format 总是强制执行，不需要 strict。",
        "The native format is always enforced, so it needs no strict.",
        _DOCS,
        "0.5.0",
    ),
    "required_there": Note(
        "对面的规范要求写明这个字段。",
        "The other side's format requires this field to be written.",
    ),
    "unknown": Note(
        "这个字段两边的规范里都没有，没有转发。",
        "Neither API documents this field; it was not sent on.",
    ),
    "null": Note("null 和不写是一个意思。", "null means the same as leaving it out.", _OPENAI),
    "implied": Note(
        "对面不写这个字段：放在哪里就说明了它是什么。",
        "The other side does not write this: where the value stands says what it is.",
    ),
    "no_native": Note(
        "Ollama 原生接口没有这个参数。",
        "Ollama's native API has no such parameter.",
        _API,
    ),
    "no_openai": Note(
        "OpenAI 的接口没有这个参数，这台服务器也没有声明支持。",
        "OpenAI's API has no such parameter, and this server is not known to accept it.",
        _OPENAI,
    ),
    "options": Note(
        "原生接口里，采样参数都放在 options 下面；写在顶层会被悄悄忽略。",
        "Natively, sampling parameters live inside options; at top level they are ignored.",
        _DOCS,
    ),
    "max_tokens": Note(
        "OpenAI 叫 max_tokens 或 max_completion_tokens，原生叫 num_predict。",
        "OpenAI says max_tokens or max_completion_tokens, the native API num_predict.",
        _API,
    ),
    "unlimited": Note(
        "原生用负数表示不限；OpenAI 不写就是不限。",
        "Natively a negative number means no limit; OpenAI says that by leaving it out.",
        _API,
    ),
    "stop_list": Note(
        "原生的 stop 必须是列表，写成一个字符串会报 500。",
        "The native stop must be a list; a bare string is a 500.",
        _API,
    ),
    "think": Note(
        "原生用 think（真假或强度），OpenAI 用 reasoning_effort。",
        "Natively think (a bool or a level), reasoning_effort in OpenAI's API.",
        _API,
        "0.9.0",
    ),
    "think_relaxed": Note(
        "这个模型不会思考，think 为真会被 Ollama 拒绝（400），所以没有发送。",
        "This model cannot think and Ollama would refuse think with a 400, so it was not sent.",
        "Ollama server/routes.go",
        "0.9.0",
    ),
    "format": Note(
        "原生的 format 就是 JSON Schema 本身，OpenAI 外面多包一层。",
        "The native format is the JSON Schema itself; OpenAI wraps it.",
        _COMPAT,
        "0.5.0",
    ),
    "format_name": Note(
        "原生的 format 就是 Schema 本身，不需要名字。",
        "The native format is the schema itself and needs no name.",
        _COMPAT,
        "0.5.0",
    ),
    "format_description": Note(
        "原生的 format 只收 Schema，没有地方放说明。",
        "The native format is the bare schema: no place for a description.",
        _COMPAT,
        "0.5.0",
    ),
    "arguments": Note(
        "原生的工具参数是对象，OpenAI 的是一段 JSON 文本。",
        "Natively a call's arguments are an object, in OpenAI's API they are JSON text.",
        _API,
    ),
    "image": Note(
        "原生把图片放在 images 里，是不带前缀的 base64;OpenAI 用 data: 地址。",
        "Natively images are bare base64 in images; OpenAI uses a data: URL.",
        _API,
    ),
    "parts": Note(
        "原生的 content 只能是字符串：文字各段用换行连起来，留在同一条消息里。",
        "The native content is a string: text parts are joined by newlines in one message.",
        _API,
    ),
    "detail": Note(
        "原生接口不能指定图片精细度。",
        "The native API has no level of detail for images.",
        _COMPAT,
    ),
    "developer": Note(
        "developer 角色是 OpenAI 新的叫法，原生只认识 system。",
        "The role developer is OpenAI's newer word for system, the only one known natively.",
        _COMPAT,
    ),
    "tool_name": Note(
        "工具结果的名字：原生叫 tool_name，OpenAI 叫 name。",
        "The name on a tool's result: tool_name natively, name in OpenAI's API.",
        _API,
        "0.9.6",
    ),
    "tool_name_found": Note(
        "原生需要工具名，这里按 tool_call_id 从前面的调用里找到了。",
        "The native API wants the tool's name; it was found by tool_call_id in the earlier call.",
        _COMPAT,
        "0.12.11",
    ),
    "tool_call_id_made": Note(
        "OpenAI 要求每次调用都有编号，这里补了一个。",
        "OpenAI requires an id on every call, so one was made.",
        _OPENAI,
    ),
    "participant": Note(
        "原生的消息没有说话人的名字。",
        "Native messages have no participant's name.",
        _API,
    ),
    "tool_type": Note("工具只有 function 这一种。", "Tools have one type, function.", _OPENAI),
    "strict_tool": Note(
        "原生的工具定义没有 strict。",
        "Native tool definitions have no strict.",
        _COMPAT,
    ),
    "tool_choice_native": Note(
        "原生没有 tool_choice:auto 是默认，none 就是不发工具。",
        "There is no native tool_choice: auto is the default, none means sending no tools.",
        _COMPAT,
    ),
    "tool_choice_emulated": Note(
        "原生不能强制调用工具；Diglot 用工具的 JSON Schema 约束回答来做到。",
        "Natively a call cannot be forced; Diglot does it by constraining the answer to a "
        "JSON schema made from the tools.",
        "Ollama issue 8421",
    ),
    "tools_emulated": Note(
        "这个模型不会调用工具；Diglot 用示例提示和 JSON Schema 约束的回答模拟了调用。",
        "This model cannot call tools; Diglot emulated the call with worked examples and an "
        "answer constrained by a JSON schema.",
        "Ollama server/routes.go: does not support tools",
    ),
    "history_flattened": Note(
        "这个模型的模板不认识工具消息，历史里的调用和结果改写成了普通文字。",
        "This model's template knows no tool messages; calls and results in the history were "
        "written out as plain text.",
        "Ollama server/routes.go: does not support tools",
    ),
    "one_choice": Note(
        "原生一次只给一个回答。", "The native API gives one answer a request.", _COMPAT
    ),
    "stream_default": Note(
        "不写时，原生默认流式，OpenAI 默认不流式，所以总是写明。",
        "Left out, the native API streams and OpenAI's does not, so it is always said.",
        _DOCS,
    ),
    "usage_always": Note(
        "原生的最后一行总带着 token 数，不用请求。",
        "The last native line always carries the token counts; there is nothing to ask for.",
        _DOCS,
    ),
    "usage_asked": Note(
        "原生客户端总会得到 token 数，所以向 OpenAI 接口要求带上用量。",
        "A native client always gets token counts, so the usage chunk is asked for.",
        _OPENAI,
    ),
    "deployment_default": Note(
        "这个值来自配置文件里该模型的默认设置。",
        "This value is the deployment's own default from the config file.",
    ),
    "model_alias": Note(
        "配置文件把这个名字对应到后端的模型。",
        "The config file maps this name to the backend's model.",
    ),
    "joined_prompt": Note(
        "/api/generate 的 prompt 和 system 变成了对话里的消息。",
        "The prompt and system of /api/generate became messages of a chat.",
        _DOCS,
    ),
    "legacy_context": Note(
        "context 是已经废弃的 token 列表，只有原来的 Ollama 看得懂。",
        "context is a deprecated list of tokens that only the Ollama it came from understands.",
        _DOCS,
    ),
    "blocks": Note(
        "Anthropic 的一条消息由若干块组成；别处分成文字、调用和工具结果几种消息。",
        "A message of Anthropic's is made of blocks; elsewhere texts, calls and results are "
        "messages of their own.",
        _ANTHROPIC,
        "0.14.0",
    ),
    "items": Note(
        "Responses 接口的对话是一串条目；同一轮的思考、文字和调用在别处合成一条消息。",
        "In the responses API a conversation is a list of items; reasoning, text and calls of "
        "one turn are one message elsewhere.",
        _RESPONSES,
        "0.13.3",
    ),
    "is_error": Note(
        "别处的工具结果不能标记为失败；模型只看到结果的文字。",
        "Elsewhere a tool's result cannot be marked as failed; the model sees its text alone.",
        _ANTHROPIC,
    ),
    "anthropic_only": Note(
        "只供 Anthropic 自己的缓存、记账或签名用，不影响回答的内容。",
        "Only for Anthropic's own caches, accounts or signatures; the answer's content does not "
        "change.",
        _ANTHROPIC,
    ),
    "thinking_budget": Note(
        "思考的 token 预算别处没有，只能开、关或选强度。",
        "There is no token budget for thinking elsewhere: it is on, off or of some effort.",
        _ANTHROPIC,
    ),
    "responses_only": Note(
        "只管 OpenAI 服务器怎样保存、编号或附带信息，不影响回答的内容。",
        "Only about what OpenAI's servers store, number or add; the answer's content does not "
        "change.",
        _RESPONSES,
    ),
    "expanded": Note(
        "上一次的对话由 Diglot 保存，已经展开放进 input。",
        "The earlier conversation was kept by Diglot and has been put into input.",
        _RESPONSES,
    ),
    "raw_prompt": Note(
        "原样续写的文字，不套聊天模板。",
        "Text to go on from as it stands, without a chat template.",
        _DOCS,
    ),
    "raw_mode": Note(
        "OpenAI 的 completions 不套模板；原生要写 raw: true 才不套。",
        "OpenAI's completions use no template; natively that takes raw: true.",
        _DOCS,
    ),
    "suffix": Note(
        "要填在中间：前后文分开写，模型要有 insert 能力。",
        "The middle is to be filled in: before and after are written apart, and the model needs "
        "the capability insert.",
        _DOCS,
        "0.3.0",
    ),
    "echo_done": Note(
        "后端不会回显 prompt，Diglot 把它放在回答前面。",
        "The backend does not repeat the prompt; Diglot puts it in front of the answer.",
        "OpenAI API reference, completions",
    ),
    "legacy_logprobs": Note(
        "completions 的 logprobs 是个数；别处分成开关和 top_logprobs。",
        "In completions logprobs is a number; elsewhere a switch and top_logprobs.",
        "OpenAI API reference, completions",
        "0.12.11",
    ),
    "logprobs_implied": Note(
        "要 top_logprobs 就得打开 logprobs。",
        "Asking for top_logprobs takes switching logprobs on.",
        _API,
        "0.12.11",
    ),
    "legacy_functions": Note(
        "functions 和 function_call 是 tools 和 tool_choice 的旧写法。",
        "functions and function_call are the older way to write tools and tool_choice.",
        _OPENAI,
    ),
    "choices": Note(
        "后端一次只给一个回答；Diglot 按 n 的数目分别提问，再合在一起。",
        "The backend gives one answer a request; Diglot asks n times and joins the answers.",
        _COMPAT,
    ),
    "image_fetched": Note(
        "原生不收图片地址；Diglot 取来图片，换成了 base64。",
        "Images cannot be addresses natively; Diglot fetched the picture and sent its base64.",
        _COMPAT,
    ),
    "no_vision": Note(
        "这个模型看不了图片。",
        "This model cannot see images.",
        "Ollama server/routes.go",
    ),
    "embed_input": Note(
        "要向量化的文字：旧的 /api/embeddings 叫 prompt，一次一段。",
        "The texts to embed: the older /api/embeddings calls them prompt and takes one.",
        _DOCS,
    ),
    "embed_cut": Note(
        "这里没有 dimensions;Diglot 截短向量并重新归一化。",
        "There are no dimensions here; Diglot cuts the vectors and normalises them again.",
        _DOCS,
        "0.11.11",
    ),
    "encoding": Note(
        "后端给的是数字；base64 由 Diglot 编码。",
        "Backends give numbers; Diglot does the base64.",
        "OpenAI API reference, embeddings",
    ),
    "audio_native": Note(
        "原生没有放声音的地方，会听的模型从 images 里收。",
        "There is no native place for sounds; models that hear take them among the images.",
        _COMPAT,
    ),
}
