"""KEYS: every key of a config file, and what it does here, in both languages.

docs/*/configuration.md and ``--validate-config`` are made from this table, and a test holds it
against what is really read. ``[]`` stands for each item of a list, ``*`` for a name that the
file's author chooses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from core.config.deployment import SETTINGS, THINKING
from core.config.reference_ignored import IGNORED

__all__ = ["KEYS", "Key", "find_key"]

Does = Literal["acts", "nothing"]


class Key(Struct, frozen=True):
    """One key. ``does`` is ``nothing`` where Diglot accepts the key and leaves it alone."""

    path: str
    does: Does
    zh: str
    en: str


_P = "model_list[].litellm_params"
_I = "model_list[].model_info"
_R = "router_settings"
_L = "litellm_settings"
_G = "general_settings"
_D = "diglot"

_ACTS: tuple[tuple[str, str, str], ...] = (
    ("include", "把这些文件合进来：列表接在后面，其他值以被包含的文件为准。路径相对于写它的文件。",
     "Joins these files in: lists grow, other values are replaced. Relative to this file."),
    ("environment_variables", "给 os.environ/ 用的变量，优先于进程自己的环境变量。",
     "Variables for os.environ/, before the process's own."),
    ("environment_variables.*", "一个变量。", "One variable."),
    ("model_list", "部署的列表：同名的几项是一组，请求在它们之间分配。",
     "The deployments; several of one name are a group that shares the work."),
    ("model_list[].model_name", "客户端用的名字，可以带一个 *；ollama/* 列出服务器上真有的模型。",
     "The name that clients use, with one * if you like; ollama/* lists what the server has."),
    ("model_list[].litellm_params", "去哪里，怎么问。", "Where to ask, and how."),
    (f"{_P}.model", "提供方/模型：ollama/、ollama_chat/、openai/、hosted_vllm/ 等，或 embedded/。",
     "provider/model: ollama/, ollama_chat/, openai/, hosted_vllm/ and others, or embedded/."),
    (f"{_P}.custom_llm_provider", "model 里没写提供方时用它。",
     "The provider, where model names none."),
    (f"{_P}.api_base", "服务器地址，结尾有没有 /v1、/api 都行；只从配置读，请求里写了也不理。",
     "The server's address, with or without /v1 or /api; never taken from a request."),
    (f"{_P}.base_url", "api_base 的另一个名字。", "Another name of api_base."),
    (f"{_P}.api_key", "发给后端的密钥，从不显示。", "The key for the backend; never shown."),
    (f"{_P}.extra_headers", "每个请求都多带的头，值从不显示。",
     "Headers added to every request; their values are never shown."),
    (f"{_P}.extra_headers.*", "一个头。", "One header."),
    (f"{_P}.timeout", "秒：整个回答要在这段时间内给完；流式则是最长的沉默时间。",
     "Seconds in which a whole answer must come; for streams, of silence."),
    (f"{_P}.stream_timeout", "秒：流式回答最长的沉默时间。", "Seconds of silence in a stream."),
    (f"{_P}.max_retries", "这个部署失败后再试几次，优先于 num_retries。",
     "Tries after a failure of this deployment, instead of num_retries."),
    (f"{_P}.num_retries", "max_retries 的另一个名字。", "Another name of max_retries."),
    (f"{_P}.rpm", "每分钟最多几个请求；都写了时也当权重用。",
     "Requests a minute, at most; a weight, too, where all of a group have it."),
    (f"{_P}.tpm", "每分钟最多多少 token；都写了时也当权重用。",
     "Tokens a minute, at most; a weight, too, where all of a group have it."),
    (f"{_P}.weight", "在组里分到的份额。", "Its share of the group's work."),
    (f"{_P}.order", "小的先用；前面的都不行或满了才轮到后面的，没写的排最后。",
     "Lower is asked first; those without come last."),
    (f"{_P}.max_parallel_requests", "同时最多处理几个请求，多的排队（见 diglot.queue）。",
     "Requests in work at once; more wait (see diglot.queue)."),
    (f"{_P}.drop_params", "true：说不了的字段丢掉并报告；false：报 400。",
     "true: fields that cannot be said are dropped and reported; false: 400."),
    (f"{_P}.additional_drop_params", "发送前去掉的字段，可以写路径，如 tools[*].strict。",
     "Fields taken out before sending, by path if you like: tools[*].strict."),
    ("model_list[].model_info", "模型的补充信息。", "More about the model."),
    (f"{_I}.id", "部署的编号，出现在响应头和状态里；不写就由内容算出。",
     "The deployment's id in headers and status; made from its contents by default."),
    (f"{_I}.mode", "chat、completion 或 embedding。", "chat, completion or embedding."),
    (f"{_I}.supports_function_calling", "以它为准，不问服务器：会不会调用工具。",
     "Whether the model calls tools, whatever its server says."),
    (f"{_I}.supports_vision", "以它为准：看不看得懂图片。",
     "Whether it sees images, whatever its server says."),
    (f"{_I}.supports_reasoning", "以它为准：会不会思考。",
     "Whether it thinks, whatever its server says."),
    (f"{_I}.supports_audio_input", "以它为准：听不听得懂声音。",
     "Whether it hears, whatever its server says."),
    (_R, "请求怎样分配。", "How requests are sent."),
    (f"{_R}.routing_strategy",
     "simple-shuffle（按权重轮流）、least-busy、latency-based-routing、usage-based-routing；"
     "cost-based-routing 当 least-busy 用。",
     "simple-shuffle (by weights, in turn), least-busy, latency-based-routing or "
     "usage-based-routing; cost-based-routing is taken as least-busy."),
    (f"{_R}.num_retries",
     "失败后再试几次，先换部署，再等一会儿试同一个。不写：最多换两个别的部署，同一个不重试。",
     "Tries after a failure, others first, then the same after a while. Unset: up to two others, "
     "none twice."),
    (f"{_R}.retry_after", "秒：重试同一个部署前至少等这么久；后端的 Retry-After 更长就照它的。",
     "Seconds to wait at least before the same deployment is tried again; a longer Retry-After "
     "of the backend counts."),
    (f"{_R}.timeout", "秒，所有部署的 timeout。", "Seconds: the timeout of all deployments."),
    (f"{_R}.stream_timeout", "秒，所有部署的 stream_timeout。",
     "Seconds: the stream_timeout of all deployments."),
    (f"{_R}.fallbacks", "某个名字失败后改问谁，只在第一个字节之前；* 表示所有名字。",
     "Who is asked where a name has failed, before the first byte only; * is every name."),
    (f"{_R}.fallbacks[].*", "依次改问的名字。", "The names to ask instead, in this order."),
    (f"{_R}.default_fallbacks", "没写 fallbacks 的名字失败后改问谁。",
     "Who is asked for names without fallbacks."),
    (f"{_R}.context_window_fallbacks", "对话太长放不下时改问谁。",
     "Who is asked where the conversation does not fit."),
    (f"{_R}.context_window_fallbacks[].*", "依次改问的名字。",
     "The names to ask instead, in this order."),
    (f"{_R}.max_fallbacks", "最多改问几个名字，默认 5。", "How many names at most; 5."),
    (f"{_R}.allowed_fails", "一分钟内容许的失败次数，默认 3；超过就冷却，组里只有一个时从不冷却。",
     "Failures a minute before a cooldown; 3. The only one of a group is never cooled."),
    (f"{_R}.cooldown_time", "秒：冷却多久，默认 5；之后慢慢恢复。",
     "Seconds of a cooldown; 5. Work comes back slowly after it."),
    (f"{_R}.disable_cooldowns", "不冷却。", "No cooldowns."),
    (f"{_R}.model_group_alias", "别名。", "Other names."),
    (f"{_R}.model_group_alias.*", "它代表的名字，或 {model: 名字, hidden: 是否不列出}。",
     "The name it stands for, or {model: name, hidden: not listed}."),
    (f"{_R}.default_max_parallel_requests", "没写 max_parallel_requests 的部署用它。",
     "max_parallel_requests of deployments without their own."),
    (f"{_R}.redis_url", "几个网关通过这个 Redis 共享冷却；也读 REDIS_URL。",
     "Gateways share their cooldowns in this Redis; REDIS_URL does the same."),
    (f"{_R}.redis_host", "同上，按主机名写；也读 REDIS_HOST。",
     "The same by host; REDIS_HOST does it, too."),
    (f"{_R}.redis_port", "Redis 的端口，默认 6379。", "Its port; 6379."),
    (f"{_R}.redis_password", "Redis 的密码，从不显示。", "Its password; never shown."),
    (_L, "LiteLLM 的总设置。", "LiteLLM's own settings."),
    (f"{_L}.drop_params", "所有部署的 drop_params；不写就是 true。",
     "drop_params of all deployments; true where it is left out."),
    (f"{_L}.set_verbose", "记录更多日志。", "Log more."),
    (f"{_L}.json_logs", "日志写成 JSON，一行一条；同 --log json。",
     "Log as JSON, as --log json does."),
    (f"{_L}.request_timeout", "秒，router_settings.timeout 的另一个名字。",
     "Seconds: another name of router_settings.timeout."),
    (f"{_L}.num_retries", "同 router_settings.num_retries。", "As in router_settings."),
    (f"{_L}.fallbacks", "同 router_settings.fallbacks。", "As in router_settings."),
    (f"{_L}.fallbacks[].*", "依次改问的名字。", "The names to ask instead, in this order."),
    (f"{_L}.default_fallbacks", "同 router_settings.default_fallbacks。", "As in router_settings."),
    (f"{_L}.context_window_fallbacks", "同 router_settings。", "As in router_settings."),
    (f"{_L}.context_window_fallbacks[].*", "依次改问的名字。",
     "The names to ask instead, in this order."),
    (f"{_L}.allowed_fails", "同 router_settings.allowed_fails。", "As in router_settings."),
    (f"{_L}.cooldown_time", "同 router_settings.cooldown_time。", "As in router_settings."),
    (f"{_L}.check_provider_endpoint", "总是 true：通配符列出后端真有的模型。",
     "Always true: wildcards list what the backend really has."),
    (_G, "服务器的设置。", "The server's settings."),
    (f"{_G}.master_key", "管理员的密钥；也读 LITELLM_MASTER_KEY。只存哈希。",
     "The operator's key; LITELLM_MASTER_KEY does the same. Kept as a hash."),
    (f"{_G}.max_parallel_requests", "同 router_settings.default_max_parallel_requests。",
     "As router_settings.default_max_parallel_requests."),
    (_D, "Diglot 自己的设置，LiteLLM 不理会。", "Diglot's own, which LiteLLM leaves alone."),
    (f"{_D}.strict", "字段翻译不了就报 400。", "400 where a field cannot be translated."),
    (f"{_D}.demo", "打开页面的人共用一份历史。", "All who open the pages share one history."),
    (f"{_D}.queue", "max_parallel_requests 满了以后的排队。",
     "The queue where max_parallel_requests is reached."),
    (f"{_D}.queue.length", "每个部署最多排几个，默认 100；再多就 503，带 Retry-After。",
     "How many may wait for a deployment; 100. More get a 503 with Retry-After."),
    (f"{_D}.queue.timeout", "秒：最多排多久，默认 60。", "Seconds to wait at most; 60."),
    (f"{_D}.routing", "LiteLLM 没有的分配规则。", "What LiteLLM has no word for."),
    (f"{_D}.routing.prefer_loaded", "优先去已把模型装进内存的主机（看 /api/ps），默认开。",
     "Prefer hosts that have the model in memory (from /api/ps); on."),
    (f"{_D}.routing.busy", "主机手上有几个请求算忙，默认 4；忙了就不再优先。",
     "Requests in work at which a host is busy and no longer preferred; 4."),
    (f"{_D}.embedded", "不需要服务器的内置模型。", "The model that needs no server."),
    (f"{_D}.embedded.model", "GGUF 文件，默认 SmolLM2-135M。", "A GGUF file; SmolLM2-135M."),
    (f"{_D}.embedded.max_tokens", "请求没写上限时用它，默认 512。",
     "For requests that set no limit; 512."),
    (f"{_D}.embedded.ctx", "每个回答的上下文长度，默认 4096。", "Context of each answer; 4096."),
    (f"{_D}.embedded.slots", "同时回答几个，默认 2。", "Answers at the same time; 2."),
    (f"{_D}.embedded.threads", "线程数，默认比核数少一。", "Threads; all cores but one."),
    (f"{_D}.images", "请求里用地址给的图片。", "Images that a request names by their address."),
    (f"{_D}.images.fetch", "public、any 或 none。", "public, any or none."),
    (f"{_D}.images.allow", "另外允许的主机和网段。", "Hosts and networks that are allowed, too."),
    (f"{_D}.images.max_bytes", "图片最大多少字节。", "Bytes of an image at most."),
    (f"{_D}.images.timeout", "秒。", "Seconds."),
    (f"{_D}.tools", "工具，见 tools.md。", "Tools; see tools.md."),
    (f"{_D}.tools.folder", "运维人员自己的工具，每个一个文件。",
     "The operator's own tools, a file each."),
    (f"{_D}.tools.offer", "在 /mcp 把工具提供给别的程序，默认 true。",
     "Offers the tools to other programs at /mcp; true."),
    (f"{_D}.tools.time", "自己的工具每次最多几秒，默认 20。",
     "Seconds of a call of one's own; 20."),
    (f"{_D}.tools.memory", "自己的工具每次最多多少字节，默认 1 GiB。",
     "Bytes of memory of a call of one's own; 1 GiB."),
    (f"{_D}.tools.sandbox", "网页上写的 Python。", "Python that is written on the pages."),
    (f"{_D}.tools.sandbox.time", "每次最多几秒，默认 2。", "Seconds of a call; 2."),
    (f"{_D}.tools.sandbox.memory", "每次最多多少字节，默认 64 MiB。", "Bytes of memory; 64 MiB."),
    (f"{_D}.tools.http", "HTTP 工具可以去哪里。", "Where HTTP tools may be sent."),
    (f"{_D}.tools.http.fetch", "public、any 或 none。", "public, any or none."),
    (f"{_D}.tools.http.allow", "另外允许的主机和网段。",
     "Hosts and networks that are allowed, too."),
    (f"{_D}.tools.http.max_bytes", "回答最大多少字节。", "Bytes of an answer at most."),
    (f"{_D}.tools.http.timeout", "秒。", "Seconds."),
    (f"{_D}.mcp_servers", "MCP 服务器，见 tools.md。", "MCP servers; see tools.md."),
    (f"{_D}.mcp_servers.*", "一个服务器：command 或 url。", "One server: a command or a url."),
    ("mcp_servers", "LiteLLM 的写法，意思一样。", "The same, as LiteLLM has it."),
    ("mcp_servers.*", "一个服务器：url 或 command。", "One server: a url or a command."),
    (f"{_D}.captures", "留着给人看的请求记录。", "Exchanges that are kept to look at."),
    (f"{_D}.captures.number", "最多几个，默认 2000。", "How many; 2000."),
    (f"{_D}.captures.max_bytes", "最多多少字节。", "How many bytes."),
    (f"{_D}.captures.folder", "也存进这个文件夹；已遮住密钥和图片。",
     "Kept in this folder, too, with keys and images masked."),
    (f"{_D}.keys", "客户端的密钥。", "The clients' keys."),
    (f"{_D}.keys[].name", "谁的密钥；出现在日志、指标和页面里。",
     "Whose it is, in logs, metrics and pages."),
    (f"{_D}.keys[].key", "密钥，最好写 os.environ/。只存哈希。",
     "The key, best as os.environ/. Kept as a hash."),
    (f"{_D}.keys[].key_hash", "密钥的 SHA-256。", "The key's SHA-256."),
    (f"{_D}.keys[].models", "可以用的模型，可带 *；不写就是全部。",
     "The models it may ask, with * if you like; all."),
    (f"{_D}.keys[].rpm", "每分钟的请求数。", "Requests a minute."),
    (f"{_D}.keys[].tpm", "每分钟的 token 数。", "Tokens a minute."),
    (f"{_D}.keys[].max_parallel", "同时的请求数。", "Requests at the same time."),
    (f"{_D}.keys[].expires", "最后一天（UTC），或一个时间。", "The last day, in UTC, or a time."),
    (f"{_D}.keys[].manage", "可以拉取、复制、删除模型。", "May pull, copy and delete models."),
    (f"{_D}.keys[].watch", "可以看 /metrics 和 /health。", "May read /metrics and /health."),
    (f"{_D}.open", "谁都不需要密钥。", "Nobody needs a key."),
    (f"{_D}.operators", "登录页面的人里，谁是管理员。",
     "Who of those that sign in to the pages is an operator."),
    (f"{_D}.cors", "哪些网站的脚本可以从浏览器里来问。",
     "Whose scripts may ask from a browser."),
    (f"{_D}.hosts", "这台服务器的域名。", "The names that this server is reached by."),
)  # fmt: skip


def _settings() -> list[Key]:
    """Return the defaults for requests, out of the table of fields."""
    found = []
    for key, row in SETTINGS.items():
        also = "" if key == row.name else f"（{row.name} 的另一个名字）"
        too = "" if key == row.name else f" (another name of {row.name})"
        found.append(Key(f"{_P}.{key}", "acts", f"请求没写时的默认值{also}。",
                         f"For requests that do not set it{too}."))  # fmt: skip
    for key in THINKING:
        found.append(Key(f"{_P}.{key}", "acts", "请求没写时，要不要思考、想多深。",
                         "How hard to think, where a request does not say."))  # fmt: skip
    return found


KEYS: Mapping[str, Key] = {
    key.path: key
    for key in (
        *(Key(path, "acts", zh, en) for path, zh, en in _ACTS),
        *_settings(),
        *(Key(path, "nothing", zh, en) for path, zh, en in IGNORED),
    )
}
"""By path."""


def find_key(path: str) -> Key | None:
    """Return the row for a path of a file, such as ``model_list[3].model_name``."""
    path = re.sub(r"\[\d+\]", "[]", path)
    found = KEYS.get(path)
    if found is not None:
        return found
    # Names that people choose may hold dots.
    return next((KEYS[f"{head}*"] for head in _CHOSEN if path.startswith(head)), None)


_CHOSEN = [path.removesuffix("*") for path in KEYS if path.endswith(".*")]
