"""Why an answer, an error or a header reads otherwise in another dialect, in both languages."""

from __future__ import annotations

from core.note import Note

__all__ = ["ANSWER_NOTES"]

_API = "Ollama api/types.go"
_DOCS = "Ollama docs/api.md"
_COMPAT = "Ollama openai/openai.go"
_OPENAI = "OpenAI API reference, chat completions"

ANSWER_NOTES: dict[str, Note] = {
    "kept": Note("两边一样。", "The same on both sides."),
    "renamed": Note("同一个值，名字不同。", "The same value under another name."),
    "created": Note(
        "原生写的是回答结束的时间（RFC 3339 文字），OpenAI 写的是请求开始的秒数。",
        "Natively the time at which the answer ended, as text; in OpenAI's API the second in "
        "which the request began.",
        _API,
    ),
    "id": Note(
        "原生的回答没有编号；OpenAI 要求有，Diglot 用这次交换的编号。",
        "Native answers have no id; OpenAI's must, and Diglot takes that of the exchange.",
        _OPENAI,
    ),
    "constant": Note(
        "这里永远是这个值，说明对象的种类；对面从路径就知道。",
        "Always this value here, to say what the object is; the other side tells it by the route.",
        _OPENAI,
    ),
    "position": Note(
        "只说明第几个；对面一次只有一个回答，或者靠顺序。",
        "Only says which one it is; the other side has one answer, or goes by the order.",
        _OPENAI,
    ),
    "content": Note("回答的文字。", "The words of the answer."),
    "joined": Note("几段文字在对面合成了一段。", "Several texts are one text on the other side."),
    "empty_content": Note(
        "只有工具调用时，原生写空字符串，OpenAI 写 null。",
        "Where there are calls alone, the native text is empty and OpenAI's is null.",
        _API,
    ),
    "thinking": Note(
        "思考过程：原生叫 thinking；Ollama 的 /v1 叫 reasoning，多数服务器叫 reasoning_content。",
        "The model's thinking: thinking natively, reasoning in Ollama's own /v1, "
        "reasoning_content in most servers.",
        _COMPAT,
        "0.9.0",
    ),
    "done": Note(
        "原生用 done: true 表示说完了；OpenAI 有 finish_reason 就是说完了。",
        "Natively done: true says that the answer is whole; in OpenAI's API a finish reason does.",
        _DOCS,
    ),
    "reason": Note(
        "结束的原因：原生叫 done_reason；调用工具时原生仍是 stop，OpenAI 是 tool_calls。",
        "Why it ended: done_reason natively, where a call ends with stop; OpenAI says tool_calls.",
        _COMPAT,
    ),
    "call_id": Note(
        "调用的编号：0.12.10 之前的 Ollama 不给，Diglot 补上，结果才能对上号。",
        "The call's id: Ollama before 0.12.10 gives none, and one is made so that the result can "
        "be matched.",
        _API,
        "0.12.10",
    ),
    "arguments": Note(
        "原生的工具参数是对象，OpenAI 的是一段 JSON 文本。",
        "Natively a call's arguments are an object, in OpenAI's API they are JSON text.",
        _API,
    ),
    "prompt_tokens": Note(
        "读了多少 token：原生叫 prompt_eval_count，算上缓存里的。",
        "Tokens read: prompt_eval_count natively, cached ones among them.",
        _COMPAT,
    ),
    "completion_tokens": Note(
        "写了多少 token：原生叫 eval_count，思考的也算。",
        "Tokens written: eval_count natively, those of thinking among them.",
        _COMPAT,
    ),
    "total_tokens": Note(
        "读的和写的加起来；原生不写和数。",
        "Read and written together; the native API does not write the sum.",
        _OPENAI,
    ),
    "token_details": Note(
        "只有知道的时候才写：缓存里的和思考的 token 数。",
        "Written only where known: tokens out of the cache, and those of thinking.",
        _OPENAI,
    ),
    "durations": Note(
        "OpenAI 的回答里没有放时长的地方。要看加载、读提示和生成各用了多久，请看原生一侧。",
        "There is no place for durations in OpenAI's answers. How long loading, reading and "
        "writing took is to be seen on the native side.",
        _DOCS,
    ),
    "durations_read": Note(
        "llama.cpp 用毫秒写在 timings 里，原生用纳秒；总时长是两者之和，没有加载时间。",
        "llama.cpp writes milliseconds into timings, the native API nanoseconds; the total is the "
        "sum of both, without loading.",
        "llama.cpp tools/server/README.md",
    ),
    "duration_measured": Note(
        "后端没有给时长，这里写的是 Diglot 量到的。",
        "The backend gave no durations: this is what Diglot measured.",
    ),
    "logprobs": Note(
        "逐个 token 的概率：原生直接是列表，OpenAI 外面多包一层 content，空缺的字段补上。",
        "Probabilities token by token: a bare list natively, inside content in OpenAI's API, "
        "where what is missing is filled in.",
        _API,
        "0.12.11",
    ),
    "refusal": Note(
        "没有拒绝就是 null；原生的拒绝就是回答的文字。",
        "Null where nothing was refused; natively a refusal is the answer's text.",
        _OPENAI,
    ),
    "fingerprint": Note(
        "服务器的记号，原生没有；Ollama 的 /v1 永远写 fp_ollama。",
        "The server's mark, which the native API has not; Ollama's /v1 always writes fp_ollama.",
        _COMPAT,
    ),
    "context": Note(
        "已经废弃的 token 列表，只有原来的 Ollama 看得懂。",
        "A deprecated list of tokens that only the Ollama it came from understands.",
        _DOCS,
    ),
    "echoed": Note(
        "照抄请求里的设置，和回答的内容无关。",
        "Repeats a setting of the request; nothing about the answer's content.",
        "OpenAI API reference, responses",
    ),
    "unknown": Note(
        "Diglot 不认识这个字段，没有带过去。",
        "Diglot does not know this field and does not carry it.",
    ),
    "added": Note(
        "对面的格式要求有，就补上了。", "The other side's form requires it, so it was added."
    ),
    "error_text": Note(
        "出错的话一字不改：原生是 error 里的一段文字，OpenAI 放在 error.message。",
        "The words of the error, unchanged: bare text in error natively, error.message in "
        "OpenAI's API.",
        _COMPAT,
    ),
    "error_kind": Note(
        "错误的种类由 HTTP 状态码定：400 是 invalid_request_error，404 是 not_found_error……"
        "原生只有状态码和文字。",
        "The kind of error follows from the HTTP status: 400 is invalid_request_error, 404 "
        "not_found_error and so on. Natively there are the status and the words alone.",
        _COMPAT,
    ),
    "vector": Note(
        "向量：/api/embed 一次给几个，长度都是 1；OpenAI 每个外面包一层，SDK 默认要 base64。",
        "Vectors: /api/embed gives several, all of length 1; OpenAI wraps each, and its SDKs ask "
        "for base64.",
        _DOCS,
    ),
    "stream_type": Note(
        "原生的流一行一个 JSON（NDJSON），OpenAI 的流是 SSE，用 data: [DONE] 结束。",
        "A native stream is a JSON a line (NDJSON); OpenAI's is server-sent events that end with "
        "data: [DONE].",
        _DOCS,
    ),
    "event_name": Note(
        "事件的名字，写在 event: 行里，也写在 type 里；原生的流一行就是一块，没有名字。",
        "The event's name, on its event: line and again in type; a native stream has lines "
        "without names.",
        _DOCS,
    ),
    "done_mark": Note(
        "流在这里结束；原生的流看 done: true。",
        "The stream ends here; a native one ends with done: true.",
        _OPENAI,
    ),
    "stream_state": Note(
        "刚开始时的样子，内容还是空的。", "As it is at the beginning, while nothing is said yet."
    ),
    "said_again": Note(
        "流里不止一处写它，另一处已经对上了。",
        "The stream says it in more than one place, and it is matched in another.",
    ),
    "usage_not_asked": Note(
        "OpenAI 的流只有在请求里写了 stream_options.include_usage 才带 token 数；原生的流总是带。",
        "OpenAI's streams tell the tokens only where the request asked for them with "
        "stream_options.include_usage; native ones always do.",
        _OPENAI,
    ),
    "empty_chunk": Note(
        "没有它的那些块里也写着，只是空的。",
        "Written empty in the chunks that have none of it.",
    ),
    "own_header": Note(
        "Diglot 加的：这次交换的编号，以及丢了什么、模拟了什么。",
        "Added by Diglot: the exchange's id, and what was lost or emulated.",
    ),
    "secret_header": Note(
        "是密钥或 cookie，值从不保存；每一侧用自己的。",
        "A key or a cookie, whose value is never kept; each side has its own.",
    ),
    "transport": Note(
        "只和这一段连接有关，不往下传。",
        "About this connection alone; it is not passed on.",
    ),
}
