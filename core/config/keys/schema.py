"""What a config file may say: one Struct a section, read by msgspec.

The keys that act are the fields of these; what each does is said in words/*/config.yaml, which a
test holds against them. LiteLLM's own names of keys are kept. msgspec, which all of core uses,
costs no time to start; pydantic would take half as long again as the whole start.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

LARGEST = 2**53
"""Above this JSON's numbers are not exact, and clocks count no further."""

Above = Annotated[float, Meta(gt=0, le=LARGEST)]
FromZero = Annotated[float, Meta(ge=0, le=LARGEST)]
Count = Annotated[int, Meta(ge=1, le=LARGEST)]
CountFromZero = Annotated[int, Meta(ge=0, le=LARGEST)]
Names = list[str] | str
"""A name alone is a list of one."""
Any_ = dict[str, Any]
"""What its author puts into it is handed on."""


class Part(Struct, frozen=True, kw_only=True):
    """A section. What is missing, null or empty reads alike."""


class Params(Part, frozen=True):
    """``litellm_params``; the defaults for requests stand here, too (core.config.deployment)."""

    model: Annotated[str, Meta(min_length=1)]
    custom_llm_provider: str = ""
    litellm_credential_name: str = ""
    api_base: str = ""
    base_url: str = ""
    api_key: str | None = None
    # Without quotes 2024-10-21 is a date to YAML.
    api_version: Any = ""
    organization: str = ""
    headers: Any_ = {}
    extra_headers: Any_ = {}
    extra_body: Any_ = {}
    thinking: Any_ = {}
    reasoning_effort: bool | str | None = None
    think: bool | str | None = None
    timeout: Above | None = None
    stream_timeout: Above | None = None
    max_retries: CountFromZero | None = None
    num_retries: CountFromZero | None = None
    rpm: Count | None = None
    tpm: Count | None = None
    weight: FromZero | None = None
    order: CountFromZero | None = None
    max_parallel_requests: Count | None = None
    drop_params: bool | None = None
    additional_drop_params: Names = []


class ModelInfo(Part, frozen=True):
    """``model_info``: of many keys, those that act."""

    id: str = ""
    mode: str = "chat"
    supports_function_calling: bool | None = None
    supports_vision: bool | None = None
    supports_reasoning: bool | None = None
    supports_audio_input: bool | None = None


class Entry(Part, frozen=True):
    """One entry of model_list."""

    model_name: Annotated[str, Meta(min_length=1)]
    litellm_params: Params
    model_info: ModelInfo = ModelInfo()


class Alias(Part, frozen=True):
    """An alias that is more than a name."""

    model: Annotated[str, Meta(min_length=1)]
    hidden: bool = False


class Router(Part, frozen=True):
    """``router_settings``."""

    routing_strategy: Literal[
        "simple-shuffle", "least-busy", "latency-based-routing", "usage-based-routing",
        "usage-based-routing-v2", "cost-based-routing",
    ] = "simple-shuffle"  # fmt: skip
    num_retries: CountFromZero | None = None
    retry_after: FromZero = 0.0
    timeout: Above | None = None
    stream_timeout: Above | None = None
    fallbacks: list[dict[str, Names]] = []
    default_fallbacks: Names = []
    context_window_fallbacks: list[dict[str, Names]] = []
    max_fallbacks: CountFromZero = 5
    allowed_fails: CountFromZero | None = None
    cooldown_time: FromZero | None = None
    disable_cooldowns: bool = False
    model_group_alias: dict[str, Alias | str] = {}
    default_max_parallel_requests: Count | None = None
    default_litellm_params: Any_ = {}
    redis_url: str = ""
    redis_host: str = ""
    redis_port: CountFromZero | None = None
    redis_password: str = ""


class General(Part, frozen=True):
    """``litellm_settings``."""

    drop_params: bool | None = None
    set_verbose: bool = False
    json_logs: bool = False
    request_timeout: Above | None = None
    num_retries: CountFromZero | None = None
    fallbacks: list[dict[str, Names]] = []
    default_fallbacks: Names = []
    context_window_fallbacks: list[dict[str, Names]] = []
    allowed_fails: CountFromZero | None = None
    cooldown_time: FromZero | None = None
    check_provider_endpoint: bool = True


class Proxy(Part, frozen=True):
    """``general_settings``."""

    # Left empty it would let everybody ask, so a variable that is not set is refused.
    master_key: str | None = None
    max_parallel_requests: Count | None = None


class Queue(Part, frozen=True):
    """Waiting, where max_parallel_requests is reached."""

    length: CountFromZero = 100
    timeout: Above = 60.0


class OwnRouting(Part, frozen=True):
    """Where LiteLLM has no word."""

    prefer_loaded: bool = True
    busy: Count = 4
    wait_loaded: FromZero = 5.0


class Embedding(Part, frozen=True):
    """The model that needs no server."""

    model: str = ""
    mmproj: str = ""
    chat_template: str = ""
    max_tokens: Count = 512
    ctx: Count = 4096
    slots: Count = 2
    threads: Count | None = None


class Fetching(Part, frozen=True):
    """Where a server may be sent by what a user writes. None of a limit is its usual one."""

    fetch: Literal["public", "any", "none"] = "public"
    allow: Names = []
    max_bytes: Count | None = None
    timeout: Above | None = None


class Sandbox(Part, frozen=True):
    """Limits of Python that is written on the pages."""

    time: Above | None = None
    memory: Count | None = None


class Tools(Part, frozen=True):
    """``diglot.tools``."""

    folder: str = ""
    offer: bool = True
    time: Above | None = None
    memory: Count | None = None
    sandbox: Sandbox = Sandbox()
    http: Fetching = Fetching()


class Mcp(Part, frozen=True):
    """One MCP server, in LiteLLM's words and ours."""

    url: str = ""
    command: str = ""
    args: list[str] = []
    env: Any_ = {}
    cwd: str = ""
    headers: Any_ = {}
    static_headers: Any_ = {}
    transport: str = ""
    auth_type: Literal["none", "api_key", "bearer_token", "basic", "authorization"] = "none"
    auth_value: str = ""
    authentication_token: str = ""
    allowed_tools: Names = []
    timeout: Above = 30.0


class Kept(Part, frozen=True):
    """``diglot.captures``."""

    number: Count = 2000
    max_bytes: Count = 64 * 1024 * 1024
    days: Above | None = None
    folder: str = ""


class History(Part, frozen=True):
    """``diglot.chats``: how many days chats are kept, and how many bytes of them; None is without a
    bound."""

    days: Above | None = None
    max_bytes: Count | None = None


class ClientKey(Part, frozen=True):
    """One of ``diglot.keys``."""

    name: str
    key: str = ""
    key_hash: str = ""
    models: Names | None = None
    rpm: Count | None = None
    tpm: Count | None = None
    max_parallel: Count | None = None
    # A day is a date to YAML, or text.
    expires: Any = None
    manage: bool = False
    watch: bool = False


class Own(Part, frozen=True):
    """``diglot``: our own section, which LiteLLM leaves alone."""

    strict: bool | None = None
    demo: bool = False
    acknowledge: Names = []
    shutdown_delay: FromZero = 0.0
    drain: FromZero = 25.0
    queue: Queue = Queue()
    routing: OwnRouting = OwnRouting()
    embedded: Embedding = Embedding()
    images: Fetching = Fetching()
    tools: Tools = Tools()
    mcp_servers: dict[str, Mcp] = {}
    captures: Kept = Kept()
    chats: History = History()
    keys: list[ClientKey] = []
    open: bool = False
    operators: Names = []
    cors: Names = []
    hosts: Names = []


class Credential(Part, frozen=True):
    """One entry of credential_list, which is joined into the deployments before they are read."""

    credential_name: str
    credential_values: Any_ = {}
    credential_info: Any = None


class Root(Part, frozen=True):
    """The whole file."""

    include: Names = []
    environment_variables: Any_ = {}
    model_list: list[Entry] = []
    router_settings: Router = Router()
    litellm_settings: General = General()
    general_settings: Proxy = Proxy()
    diglot: Own = Own()
    mcp_servers: dict[str, Mcp] = {}
    credential_list: list[Credential] = []


def as_names(value: Names) -> tuple[str, ...]:
    """Return a list of names; one alone is a list of one."""
    return (value,) if isinstance(value, str) else tuple(value)
