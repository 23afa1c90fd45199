"""HTTP tools: what is sent for a call, and all that is refused. Nothing here leaves loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from core.config.tools import HttpLimits
from core.errors import InvalidRequest
from core.http.address_policy import AddressPolicy
from core.tools.arguments import ToolArgumentError
from core.tools.definitions.values import Definition
from core.tools.http_template import HttpTemplate, fill
from core.tools.runners.http_tools import HttpToolError, HttpTools
from core.tools.toolbox import Toolbox
from core.translation.messages import Tool, ToolCall
from tests.backends.calls.test_images import PRIVATE, Names

LOCAL = HttpLimits(address=AddressPolicy(allow=("127.0.0.0/8",)), timeout=5.0, max_bytes=50_000)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[str]:
    """A server on loopback that says what it was sent, and some that it should not."""

    async def echo(request: web.Request) -> web.Response:
        body = await request.text()
        said = {"method": request.method, "path": request.raw_path, "body": body,
                "headers": {k.lower(): v for k, v in request.headers.items()}}  # fmt: skip
        return web.json_response(said)

    async def leads(request: web.Request) -> web.Response:
        code = int(request.query.get("code", "302"))
        return web.Response(status=code, headers={"location": request.query["to"]})

    async def much(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        for _ in range(100):
            await reply.write(b"x" * 10_000)
        return reply

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    app = web.Application()
    app.router.add_get("/leads", leads)
    app.router.add_post("/leads", leads)
    app.router.add_get("/much", much)
    app.router.add_get("/slow", slow)

    async def broken(_: web.Request) -> web.Response:
        return web.Response(status=500, text="oh no")

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=b"\x89PNG\0\0")

    async def empty(_: web.Request) -> web.Response:
        return web.Response(status=204)

    for path, handler in (("/broken", broken), ("/picture", picture), ("/empty", empty)):
        app.router.add_get(path, handler)
    app.router.add_route("*", r"/{rest:[\s\S]*}", echo)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def call(url: str, arguments: dict[str, Any] | None = None, /, **more: Any) -> Any:
    policy, names = more.pop("policy", LOCAL), more.pop("names", None)
    environ = more.pop("environ", None)
    template = HttpTemplate(url=url, **more)
    tools = HttpTools(policy, resolver=names)
    return await tools.call(template, arguments or {}, environ=environ)


async def test_a_call_fills_the_template_and_returns_the_answer(server: str) -> None:
    definition = Definition(
        tool=Tool(name="weather", parameters={"type": "object", "properties": {
            "city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}),
        http=HttpTemplate(url=f"{server}/v1/{{city}}", method="POST", query={"n": "{days}"},
                          headers={"X-Mode": "fast"}, body={"where": "{city}", "days": "{days}"}),
    )  # fmt: skip
    box = Toolbox()
    box.add(definition.tool, HttpTools(LOCAL).runner(definition))
    result = await box.call(ToolCall(name="weather", arguments='{"city": "北 京/&", "days": 3}'))
    assert result.ok
    said = json.loads(result.content)
    assert said["method"] == "POST"
    assert said["path"] == "/v1/%E5%8C%97%20%E4%BA%AC%2F%26?n=3"
    assert json.loads(said["body"]) == {"where": "北 京/&", "days": 3}
    assert said["headers"]["x-mode"] == "fast"
    less = await box.call(ToolCall(name="weather", arguments='{"city": "x"}'))
    assert json.loads(less.content)["path"] == "/v1/x"
    bad = await box.call(ToolCall(name="weather", arguments='{"city": 3}'))
    assert not bad.ok and "not of type" in bad.content


# Arguments that try to be more than a value, and what is sent instead.
INJECTIONS = [
    ("/a/{x}", "../admin", "/a/..%2Fadmin"),
    ("/a/{x}", "b?admin=1#", "/a/b%3Fadmin%3D1%23"),
    ("/a/{x}", "b%2e%2e/", "/a/b%252e%252e%2F"),
    ("/a?q={x}", "1&admin=1", "/a?q=1%26admin%3D1"),
    ("/a/{x}", "b\r\nX-Evil: 1", "/a/b%0D%0AX-Evil%3A%201"),
    ("/a/{x}", "\\\\evil.test", "/a/%5C%5Cevil.test"),
    ("/{x}", "/evil.test/", "/%2Fevil.test%2F"),
    ("/a/{x}", "@evil.test", "/a/%40evil.test"),
]


@pytest.mark.parametrize(("path", "value", "sent"), INJECTIONS)
async def test_an_argument_stays_a_value(server: str, path: str, value: str, sent: str) -> None:
    said = json.loads(await call(server + path, {"x": value}))
    assert said["path"] == sent
    assert "x-evil" not in said["headers"]


@pytest.mark.parametrize("value", [".", "..", ""])
def test_an_argument_never_climbs(value: str) -> None:
    with pytest.raises(ToolArgumentError):
        fill(HttpTemplate(url="http://a.test/x/{x}/y"), {"x": value})


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0"])
def test_an_argument_never_becomes_a_header(value: str) -> None:
    with pytest.raises(ToolArgumentError, match="one line"):
        fill(HttpTemplate(url="http://a.test/", headers={"X-A": "{x}"}), {"x": value})


BAD_TEMPLATES: list[dict[str, Any]] = [
    {"url": "file:///etc/passwd"},
    {"url": "gopher://a.test/"},
    {"url": "http://{host}/"},
    {"url": "{url}"},
    {"url": "http://a.test{x}/"},
    {"url": "http://me:pw@a.test/"},
    {"url": "http://a.test\\@evil.test/"},
    {"url": "http://[::1"},
    {"url": "http://a.test", "method": "CONNECT"},
    {"url": "http://a.test", "headers": {"Host": "b.test"}},
    {"url": "http://a.test", "headers": {"Transfer-Encoding": "chunked"}},
    {"url": "http://a.test", "headers": {"X-A\r\nX-B": "1"}},
]


@pytest.mark.parametrize("template", BAD_TEMPLATES, ids=lambda t: str(t["url"]))
def test_a_template_that_could_be_sent_anywhere_is_refused(template: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        HttpTemplate(**template)


def test_what_a_template_needs_is_told() -> None:
    template = HttpTemplate(url="http://a.test/{a}", query={"q": "{b}"}, body=[{"x": "{c} {a}"}])
    with pytest.raises(ToolArgumentError, match="argument a is needed"):
        fill(template, {"b": 1})


def test_bodies_of_each_kind() -> None:
    made: Any = {"url": "http://a.test/", "method": "POST"}
    whole = HttpTemplate(**made, body={"n": "{n}", "t": "n={n} {{x}}", "l": ["{n}", "{no}"]})
    assert fill(whole, {"n": 2}).content == b'{"n":2,"t":"n=2 {x}","l":[2]}'
    form = fill(HttpTemplate(**made, body={"a": "{a}"}, encoding="form"), {"a": ["x&y", "z"]})
    assert form.content == b"a=x%26y&a=z"
    assert dict(form.headers)["Content-Type"] == "application/x-www-form-urlencoded"
    text = fill(HttpTemplate(**made, body="<a>{a}</a>", encoding="text"), {"a": 1})
    assert text.content == b"<a>1</a>"


@pytest.mark.parametrize("address", PRIVATE)
async def test_no_private_address_is_reached(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(HttpToolError, match=r"open internet|could not be reached"):
        await call(f"http://{host}/latest/meta-data", policy=HttpLimits())


@pytest.mark.parametrize(
    "url",
    ["http://localhost:1/", "http://127.1:1/", "http://2130706433:1/", "http://0x7f.1:1/",
     "http://0177.0.0.1:1/", "http://127。0。0。1:1/"],
)  # fmt: skip
async def test_no_odd_spelling_reaches_this_machine(url: str) -> None:
    with pytest.raises(HttpToolError):
        await call(url, policy=HttpLimits())


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "file:///etc/passwd",
               "http://[::1]:1/", "//192.168.0.1/x", "ftp://a.test/", "http://u:p@127.0.0.1/"],
)  # fmt: skip
async def test_a_redirect_leads_nowhere_else(server: str, target: str) -> None:
    with pytest.raises(HttpToolError, match=r"open internet|only http|with a password"):
        await call(f"{server}/leads", {"to": target}, query={"to": "{to}"})


async def test_redirects_are_followed_a_few_times_without_keys_for_others(server: str) -> None:
    port = server.rpartition(":")[2]
    names = Names(other_test=[["127.0.0.1"]])
    template = HttpTemplate(url=f"{server}/leads", query={"to": "{to}"}, headers={"X-Key": "k"})
    tools = HttpTools(LOCAL, resolver=names)
    near = json.loads(await tools.call(template, {"to": "/here"}))
    assert near["headers"]["x-key"] == "k"
    far = json.loads(await tools.call(template, {"to": f"http://other.test:{port}/there"}))
    assert far["path"] == "/there" and "x-key" not in far["headers"]
    endless = f"{server}/leads?to="
    with pytest.raises(HttpToolError, match="too often"):
        await tools.call(template, {"to": f"{endless}{endless}{endless}{endless}{endless}/x"})


async def test_a_post_that_is_sent_elsewhere_is_asked_for_again(server: str) -> None:
    made: Any = {"method": "POST", "body": {"a": 1}}
    for code, method in ((303, "GET"), (302, "GET"), (307, "POST")):
        url = f"{server}/leads?code={code}&to=/x"
        assert json.loads(await call(url, **made))["method"] == method


async def test_a_name_whose_address_changes_after_the_look_up_gains_nothing() -> None:
    names = Names(rebind_test=[["8.8.8.8"], ["127.0.0.1"]])
    with pytest.raises(HttpToolError):
        await call("http://rebind.test:1/", names=names,
                   policy=HttpLimits(timeout=0.5))  # fmt: skip
    assert names.asked == ["rebind.test"]
    both = Names(both_test=[["8.8.8.8", "127.0.0.1"]])
    with pytest.raises(HttpToolError, match="open internet"):
        await call("http://both.test/", names=both, policy=HttpLimits())


async def test_the_config_may_allow_or_forbid(server: str) -> None:
    said = await call(f"{server}/x", policy=HttpLimits(address=AddressPolicy(fetch="any")))
    assert json.loads(said)["path"] == "/x"
    with pytest.raises(HttpToolError, match=r"diglot\.tools\.http\.allow"):
        await call(f"{server}/x", policy=HttpLimits(address=AddressPolicy(fetch="none")))


@pytest.mark.parametrize(
    ("path", "says"),
    [("/much", "larger than 50000 bytes"), ("/broken", "the server said 500: oh no"),
     ("/picture", "no text")],
)  # fmt: skip
async def test_answers_that_are_no_use_are_said(server: str, path: str, says: str) -> None:
    with pytest.raises(HttpToolError, match=says):
        await call(server + path)


async def test_an_empty_answer_is_no_error(server: str) -> None:
    assert await call(f"{server}/empty") == "done (204, no content)"


async def test_a_slow_server_is_not_waited_for(server: str) -> None:
    policy = HttpLimits(address=LOCAL.address, timeout=0.3)
    with pytest.raises(HttpToolError, match=r"no answer within 0\.3 s"):
        await call(f"{server}/slow", policy=policy)
    with pytest.raises(HttpToolError, match="could not be reached"):
        await call("http://127.0.0.1:1/")


async def test_variables_are_for_the_operators_templates_alone(server: str) -> None:
    headers = {"Authorization": "Bearer os.environ/TOKEN", "X-Said": "{x}"}
    said = json.loads(await call(server, {"x": "os.environ/TOKEN"}, headers=headers,
                                 environ={"TOKEN": "t0p"}))  # fmt: skip
    assert said["headers"]["authorization"] == "Bearer t0p"
    assert said["headers"]["x-said"] == "os.environ/TOKEN"
    plain = json.loads(await call(server, {"x": "y"}, headers=headers))
    assert plain["headers"]["authorization"] == "Bearer os.environ/TOKEN"
    with pytest.raises(ToolArgumentError, match="TOKEN of this tool is not set"):
        await call(server, {"x": "y"}, headers=headers, environ={})
