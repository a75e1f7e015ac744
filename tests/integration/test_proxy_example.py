"""The example reverse proxy: where requests go, what is passed on and what is not, and what is tried again."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from tests.integration.until import until
from tests.servers import web

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("proxy_example", ROOT / "examples/proxy/proxy.py")
assert SPEC is not None and SPEC.loader is not None
example = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(example)


def upstream(name: str) -> Starlette:
    """A version that tells what it was asked."""

    async def echo(request: Request) -> Response:
        answer = JSONResponse({
            "from": name, "method": request.method, "path": request.scope["raw_path"].decode(), "query": request.url.query,
            "headers": [[k.decode(), v.decode()] for k, v in request.headers.raw], "body": (await request.body()).decode(),
        })
        answer.raw_headers += [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"connection", b"x-hop"), (b"x-hop", b"1"), (b"x-end", b"2")]
        return answer

    async def drip(_: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first "
            await asyncio.sleep(0.5)
            yield b"second"

        return StreamingResponse(parts())

    async def chat(chat: WebSocket) -> None:
        await chat.accept(subprotocol=(chat.scope["subprotocols"] or [None])[0])
        async for text in chat.iter_text():
            if text == "bye":
                await chat.close(4001)
                return
            await chat.send_text(f"{name}: {text} {chat.headers.get('x-mine', '')}")

    return Starlette(routes=[
        Route("/drip", drip), Route("/{path:path}", echo, methods=example.METHODS), WebSocketRoute("/chat", chat),
    ])


@contextlib.contextmanager
def serving(application: Any, port: int) -> Iterator[None]:
    """An application on a port, in a thread."""
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="error", proxy_headers=False, ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started, "it serves")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)


@dataclass
class Routed:
    """The proxy's port, and who is live."""

    port: int
    proxy: Any
    live: list[str] = field(default_factory=lambda: ["blue"])

    @property
    def url(self) -> str:
        """Where clients ask."""
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def routed() -> Iterator[Routed]:
    """Both versions behind the proxy, for all tests here."""
    ports = {name: web.free_port() for name in ("blue", "green", "down")}
    live = ["blue"]
    proxy = example.Proxy({name: f"http://127.0.0.1:{port}" for name, port in ports.items()}, lambda: live[0], timeout=2)
    with contextlib.ExitStack() as stack:
        for name in ("blue", "green"):
            stack.enter_context(serving(upstream(name), ports[name]))
        found = Routed(port=web.free_port(), proxy=proxy, live=live)
        stack.enter_context(serving(proxy.application(), found.port))
        yield found


@pytest.fixture(autouse=True)
def _blue_is_live(routed: Routed) -> None:
    routed.live[0] = "blue"


def test_each_request_goes_to_who_is_live_when_it_begins_over_the_same_connection(routed: Routed) -> None:
    with httpx.Client(base_url=routed.url) as client:
        for name in ("blue", "green", "blue"):
            routed.live[0] = name
            assert client.get("/").json()["from"] == name
        assert client.get("/", headers={"X-Environment": "green"}).json()["from"] == "green"  # the canary
        assert client.get("/-/routing").json() == {"environment": "blue", "inflight": {"blue": 0, "green": 0, "down": 0}}


def test_what_a_client_sends_arrives_and_what_concerns_its_connection_only_does_not(routed: Routed) -> None:
    sent = httpx.post(
        f"{routed.url}/a%2Fb/ü?x=1&x=2", content=b"body", headers={"Connection": "X-Private", "X-Private": "1", "TE": "trailers", "Cookie": "c=1",
                                                                    "X-Forwarded-For": "6.6.6.6", "Host": "shop.example"},
    )
    got = sent.json()
    headers = dict(got["headers"])
    assert (got["method"], got["path"], got["query"], got["body"]) == ("POST", "/a%2Fb/%C3%BC", "x=1&x=2", "body")
    assert (headers["host"], headers["cookie"], headers["x-forwarded-for"], headers["x-forwarded-host"]) == ("shop.example", "c=1", "127.0.0.1", "shop.example")
    assert not {"x-private", "te", "keep-alive"} & headers.keys()
    assert sent.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "x-hop" not in sent.headers
    assert sent.headers["x-end"] == "2"


def test_bodies_are_streamed_both_ways(routed: Routed) -> None:
    began = time.monotonic()
    with httpx.stream("GET", f"{routed.url}/drip") as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"first "
        assert time.monotonic() - began < 0.4
        assert b"".join(parts) == b"second"
    assert httpx.put(f"{routed.url}/up", content=iter([b"a" * 70_000, b"b"])).json()["body"] == "a" * 70_000 + "b"


def test_a_client_that_goes_away_is_not_counted_any_more(routed: Routed) -> None:
    with httpx.stream("GET", f"{routed.url}/drip") as answer:
        next(answer.iter_raw())
        assert routed.proxy.inflight["blue"] == 1
    until(lambda: routed.proxy.inflight["blue"] == 0, "it is not under way")


def test_websockets_are_passed_on_and_stay_where_they_began(routed: Routed) -> None:
    with connect(f"ws://127.0.0.1:{routed.port}/chat", subprotocols=["one", "two"], additional_headers={"X-Mine": "yes"}, proxy=None) as chat:  # type: ignore[list-item]
        chat.send("hello")
        assert chat.recv(5) == "blue: hello yes"
        assert chat.subprotocol == "one"
        routed.live[0] = "green"
        chat.send("again")
        assert chat.recv(5) == "blue: again yes"
        chat.send("bye")
        with pytest.raises(Exception, match="4001"):
            chat.recv(5)
    until(lambda: routed.proxy.inflight["blue"] == 0, "it has ended")


class Cutting(threading.Thread):
    """A server that reads a request and ends the connection, the first time; then it answers. `asked` has what it read."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.asked: list[str] = []

    def run(self) -> None:
        """Until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client:
                    self.asked.append(client.recv(65536).decode().split(" ")[0])
                    if len(self.asked) > 1:
                        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


@pytest.mark.parametrize(("method", "code", "asked"), [("GET", 200, ["GET", "GET"]), ("POST", 502, ["POST"]), ("DELETE", 502, ["DELETE"])])
def test_only_what_can_be_asked_twice_is_tried_again(routed: Routed, method: str, code: int, asked: list[str]) -> None:
    server = Cutting()
    server.start()
    routed.proxy.upstreams["cutting"] = httpx.URL(f"http://127.0.0.1:{server.listener.getsockname()[1]}")
    routed.live[0] = "cutting"
    try:
        assert httpx.request(method, routed.url).status_code == code
        assert server.asked == asked
    finally:
        server.listener.close()
        del routed.proxy.upstreams["cutting"]


def test_a_version_that_is_gone_is_502_unless_another_is_live_by_then(routed: Routed) -> None:
    routed.live[0] = "down"
    assert httpx.post(routed.url, content=b"x").status_code == 502
    turns = iter(["down", "green"])
    routed.proxy.active, before = lambda: next(turns), routed.proxy.active
    try:
        assert json.loads(httpx.post(routed.url).text)["from"] == "green"  # nothing was sent before, so even a POST is tried again
    finally:
        routed.proxy.active = before
