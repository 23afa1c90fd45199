"""Images by their address: what is fetched, and all that is not. Nothing here leaves loopback."""

from __future__ import annotations

import asyncio
import gzip
import socket
from base64 import b64encode
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from core.backends.calls.images import Fetcher
from core.errors import ConfigError, InvalidRequest
from core.http.address_policy import AddressPolicy, FetchPolicy, is_public
from core.translation.messages import ChatRequest, Image, Message, Text
from tests.support.scripted_backend import Said, Scripted, running

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
WEBP = b"RIFF\x10\x00\x00\x00WEBP" + b"0" * 20

PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.1.1
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1
198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::a00:1
2002:7f00:1:: 2002:a00:1:: 2001:0:7f00:1::1 2001:db8::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1
ff02::1 2001:0:808:808:0:0:80ff:fffe
""".split()  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111",
          "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::"]  # fmt: skip


class Names(AbstractResolver):
    """Looks names up in a list, whose answers may change from time to time."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        turns = self.answers[host.replace(".", "_")]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        return [
            ResolveResult(hostname=host, host=a, port=port, family=socket.AF_INET, proto=0, flags=0)
            for a in addresses
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Scripted]:
    with running() as backend:
        yield backend


def picture(data: bytes = PNG, **more: Any) -> Said:
    return Said([data], content_type="image/png", **more)


def fetch(url: str, *allow: str, names: Names | None = None, **policy: Any) -> Image:
    address = AddressPolicy(fetch=policy.pop("fetch", "public"), allow=allow)
    fetcher = Fetcher(FetchPolicy(address=address, **policy), resolver=names)
    return asyncio.run(fetcher.fetch(url, path="messages[0].content[1].image_url.url"))


def refused(url: str, *allow: str, code: str = "image_address_refused", **more: Any) -> str:
    with pytest.raises(InvalidRequest) as caught:
        fetch(url, *allow, **more)
    error = caught.value
    assert (error.code, error.status) == (code, 400)
    assert error.path == "messages[0].content[1].image_url.url"
    assert "data: URL" in error.message
    return error.message


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address: str) -> None:
    assert not is_public(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    refused(f"http://{host}/x.png")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "127.1",
     "0177.0.0.1", "127.0.1", "[::ffff:7f00:1]"],
)  # fmt: skip
def test_odd_spellings_of_loopback(host: str, server: Scripted) -> None:
    server.says("/x.png", picture())
    port = server.url.rsplit(":", 1)[1]
    with pytest.raises(InvalidRequest) as caught:
        fetch(f"http://{host}:{port}/x.png")
    assert caught.value.code in ("image_address_refused", "image_not_found")
    assert server.asked == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.org/x", "gopher://example.org", "http:///x", "//x"]
)
def test_other_schemes(url: str) -> None:
    refused(url)


def test_a_password_in_the_address(server: Scripted) -> None:
    server.says("/x.png", picture())
    refused(server.url.replace("://", "://me:secret@") + "/x.png", "127.0.0.1")
    assert server.asked == []


@pytest.mark.parametrize("allow", ["127.0.0.1", "127.0.0.0/8"])
@pytest.mark.parametrize(("data", "kind"), [(PNG, "image/png"), (WEBP, "image/webp")])
def test_an_allowed_address(server: Scripted, allow: str, data: bytes, kind: str) -> None:
    server.says("/x.png", picture(data))
    image = fetch(f"{server.url}/x.png", allow)
    assert image == Image(data=b64encode(data).decode(), media_type=kind)


def test_an_allowed_name_and_no_other(server: Scripted) -> None:
    server.says("/x.png", picture())
    port = server.url.rsplit(":", 1)[1]
    names = Names(files_lan=[["127.0.0.1"]], evil_lan=[["127.0.0.1"]])
    assert fetch(f"http://files.lan:{port}/x.png", "files.lan", names=names).data
    refused(f"http://evil.lan:{port}/x.png", "files.lan", names=names)
    assert len(server.asked) == 1


def test_any_and_none(server: Scripted) -> None:
    server.says("/x.png", picture())
    assert fetch(f"{server.url}/x.png", fetch="any").data
    assert "not fetched here" in refused(f"{server.url}/x.png", fetch="none")


def test_a_name_is_looked_up_once(server: Scripted) -> None:
    """DNS that turns to loopback after the check is never asked again."""
    server.says("/x.png", picture())
    names = Names(turning_org=[["192.0.2.1"], ["127.0.0.1"]])
    refused("http://turning.org/x.png", names=names)
    assert names.asked == ["turning.org"]
    assert server.asked == []


def test_one_private_address_among_public_ones(server: Scripted) -> None:
    names = Names(mixed_org=[["8.8.8.8", "10.0.0.1"]])
    said = refused("http://mixed.org/x.png", names=names)
    assert "10.0.0.1" not in said and "8.8.8.8" not in said


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "http://[::1]/x", "file:///x"])
def test_redirects_to_where_nobody_may_go(server: Scripted, status: int, target: str) -> None:
    server.says("/x.png", picture(status=status, headers={"location": target}))
    refused(f"{server.url}/x.png", "127.0.0.1")


def test_redirects_are_followed_and_counted(server: Scripted) -> None:
    for n in range(5):
        server.says(f"/{n}", picture(status=302, headers={"location": f"/{n + 1}"}))
    server.says("/5", picture())
    assert fetch(f"{server.url}/2", "127.0.0.1").data
    refused(f"{server.url}/1", "127.0.0.1", code="image_not_found")


def test_a_redirect_to_nowhere_is_no_picture(server: Scripted) -> None:
    server.says("/x.png", picture(status=302))
    said = refused(f"{server.url}/x.png", "127.0.0.1", code="image_not_found")
    assert "302" in said


def test_size_by_header_and_by_counting(server: Scripted) -> None:
    server.says("/x.png", picture(PNG * 100))
    refused(f"{server.url}/x.png", "127.0.0.1", code="image_too_large", max_bytes=1000)
    assert fetch(f"{server.url}/x.png", "127.0.0.1", max_bytes=len(PNG) * 100).data


def test_a_slow_server(server: Scripted) -> None:
    server.says("/x.png", Said([PNG] * 50, content_type="image/png", pause=0.2))
    refused(f"{server.url}/x.png", "127.0.0.1", code="image_timeout", timeout=0.5)


@pytest.mark.parametrize(
    "data", [b"<html></html>", b"<svg xmlns='x'/>", b"RIFF\x00\x00\x00\x00WAVE", b"%PDF-1.7"]
)
def test_what_is_no_picture(server: Scripted, data: bytes) -> None:
    server.says("/x.png", picture(data))
    refused(f"{server.url}/x.png", "127.0.0.1", code="image_no_picture")


def test_a_compressed_picture_is_not_unpacked(server: Scripted) -> None:
    bomb = gzip.compress(PNG + b"0" * 10_000_000)
    server.says("/x.png", picture(bomb, headers={"content-encoding": "gzip"}))
    refused(f"{server.url}/x.png", "127.0.0.1", code="image_no_picture")


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_server_that_has_none(server: Scripted, status: int) -> None:
    server.says("/x.png", picture(status=status))
    assert str(status) in refused(f"{server.url}/x.png", "127.0.0.1", code="image_not_found")


def test_a_request_keeps_everything_else(server: Scripted) -> None:
    server.says("/x.png", picture())
    url = f"{server.url}/x.png"
    own = Image(data="QQ==")
    parts = (Text("a"), Image(url=url, detail="low"), own, Text("b"), Image(url=url))
    request = ChatRequest(model="m", messages=(Message(role="user", parts=parts),))
    fetcher = Fetcher(FetchPolicy(address=AddressPolicy(allow=("127.0.0.1",))))
    found = asyncio.run(fetcher.fetch_images(request)).messages[0].parts
    data = b64encode(PNG).decode()
    assert found == (
        Text("a"),
        Image(data=data, media_type="image/png", detail="low"),
        own,
        Text("b"),
        Image(data=data, media_type="image/png"),
    )
    assert len(server.asked) == 1, "the same address is fetched once"
    assert request.messages[0].parts == parts
    plain = ChatRequest(model="m", messages=(Message(role="user", parts=(own,)),))
    assert asyncio.run(fetcher.fetch_images(plain)) is plain


def test_an_allowed_network_must_be_one() -> None:
    with pytest.raises(ConfigError):
        AddressPolicy(allow=("10.0.0.1/8",))
