"""A reverse proxy that follows the store: every request goes to the environment that is live when it begins.

    BLUE=http://127.0.0.1:8001 GREEN=http://127.0.0.1:8002 python proxy.py 8080

It streams both ways, passes WebSockets on, and tries again only where nothing can have been done twice. For production take HAProxy or Traefik
(examples/haproxy, examples/traefik): they are faster, and follow by `bgmigrate switch` or `bgmigrate route follow`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

# RFC 9110, 7.6.1: about this connection only, so never passed on; and whatever the Connection header itself names.
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}  # RFC 9110, 9.2.1: asked twice, nothing is done twice
CANARY = "x-environment"  # a request may name the environment that it wants, for a look at the candidate
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


class Proxy:
    """Sends requests on. `active` says who is live and must answer at once, as `bgmigrate.discovery.Watch.environment` does."""

    def __init__(self, upstreams: Mapping[str, str], active: Callable[[], str], *, timeout: float = 30.0) -> None:
        self.upstreams = {name: httpx.URL(url) for name, url in upstreams.items()}
        self.active, self.inflight = active, Counter[str]()
        self.timeout = {"connect": 2.0, "read": timeout, "write": timeout, "pool": 5.0}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
        self.transport = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)  # no client: it would follow redirects and keep cookies

    def application(self) -> Starlette:
        """The ASGI application; `/-/routing` tells where requests go and how many are under way."""

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self.transport:
                yield

        routes = [
            Route("/-/routing", self.routing), Route("/{path:path}", self.http, methods=METHODS), WebSocketRoute("/{path:path}", self.websocket),
        ]
        return Starlette(routes=routes, lifespan=lifespan)

    async def routing(self, _: Request) -> Response:
        """For a `command` actuator's `observe` and `inflight`, and for people."""
        return JSONResponse({"environment": self.active(), "inflight": {name: self.inflight[name] for name in self.upstreams}})

    async def http(self, request: Request) -> Response:
        """Send a request on and stream the answer back."""
        body = "content-length" in request.headers or "transfer-encoding" in request.headers
        for last in (False, True):
            environment = self._environment(request.headers)  # again: it may be another by now
            self.inflight[environment] += 1
            answer = None
            try:
                answer = await self.transport.handle_async_request(self._onwards(request, environment, body))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if last:  # nothing was sent: any request may be tried again
                    return PlainTextResponse(f"{environment} cannot be reached\n", 502)
            except httpx.TimeoutException:
                return PlainTextResponse(f"{environment} does not answer\n", 504)
            except httpx.TransportError:
                if last or body or request.method not in SAFE:  # it may have been done
                    return PlainTextResponse(f"{environment} ended the connection\n", 502)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            finally:
                if answer is None:
                    self.inflight[environment] -= 1
            if answer is not None:
                return Passed(answer, lambda environment=environment: self.inflight.subtract([environment]))
        raise AssertionError("the last attempt returns")

    async def websocket(self, socket: WebSocket) -> None:
        """Pass messages on in both directions until one side ends. A connection stays where it began: a switch does not break it."""
        environment = self._environment(socket.headers)
        url = self.upstreams[environment].copy_with(
            scheme="wss" if self.upstreams[environment].scheme == "https" else "ws", raw_path=_path(socket.scope),
        )
        headers = [
            (k.decode("latin-1"), v.decode("latin-1")) for k, v in _end_to_end(socket.headers.raw)
            if k.lower() != b"host" and not k.lower().startswith(b"sec-websocket-")
        ]
        protocols = [p.strip() for p in socket.headers.get("sec-websocket-protocol", "").split(",") if p.strip()]
        self.inflight[environment] += 1
        try:
            async with connect(
                str(url), additional_headers=headers, subprotocols=protocols or None, user_agent_header=None, proxy=None, max_size=None,  # type: ignore[arg-type]
            ) as upstream:
                await socket.accept(upstream.subprotocol)
                await self._pump(socket, upstream)
        except (OSError, TimeoutError, WebSocketException):
            with contextlib.suppress(RuntimeError):  # refused before it was accepted, or closed already
                await socket.close(1014)  # bad gateway
        finally:
            self.inflight[environment] -= 1

    async def _pump(self, socket: WebSocket, upstream: object) -> None:
        async def up() -> None:
            with contextlib.suppress(WebSocketDisconnect):
                while True:
                    message = await socket.receive()
                    if message["type"] == "websocket.disconnect":
                        return
                    await upstream.send(message["bytes"] if message.get("bytes") is not None else message["text"])  # type: ignore[attr-defined]

        async def down() -> None:
            try:
                async for message in upstream:  # type: ignore[attr-defined]
                    await (socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message))
            finally:
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                    await socket.close(upstream.close_code or 1000)  # type: ignore[attr-defined]

        both = [asyncio.create_task(up()), asyncio.create_task(down())]
        _, rest = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        for ended in await asyncio.gather(*both, return_exceptions=True):
            if isinstance(ended, Exception) and not isinstance(ended, (ConnectionClosed, RuntimeError)):
                raise ended

    def _environment(self, headers: Mapping[str, str]) -> str:
        wanted = headers.get(CANARY, "")
        return wanted if wanted in self.upstreams else self.active()

    def _onwards(self, request: Request, environment: str, body: bool) -> httpx.Request:
        url = self.upstreams[environment].copy_with(raw_path=_path(request.scope))
        headers = [(k, v) for k, v in _end_to_end(request.headers.raw) if not k.lower().startswith(b"x-forwarded-")]
        client = request.client.host if request.client else "unknown"
        headers += [
            (b"x-forwarded-for", client.encode()), (b"x-forwarded-proto", request.url.scheme.encode()),
            (b"x-forwarded-host", request.headers.get("host", "").encode()),
        ]
        return httpx.Request(
            request.method, url, headers=headers, content=request.stream() if body else None, extensions={"timeout": self.timeout},
        )


class Passed(StreamingResponse):
    """An upstream's answer, streamed as it comes; let go of also when the client goes away in the middle."""

    def __init__(self, answer: httpx.Response, ended: Callable[[], None]) -> None:
        super().__init__(answer.stream, answer.status_code)
        self.raw_headers = [(k.lower(), v) for k, v in _end_to_end(answer.headers.raw)]
        self.answer, self.ended = answer, ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.ended()
            await self.answer.aclose()


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    pairs = list(headers)
    named = {n.strip().lower() for k, v in pairs if k.lower() == b"connection" for n in v.decode("latin-1").split(",")}
    return [(k, v) for k, v in pairs if k.decode("latin-1").lower() not in HOP_BY_HOP | named]


def _path(scope: Mapping[str, object]) -> bytes:
    raw, query = scope.get("raw_path") or str(scope["path"]).encode(), scope.get("query_string") or b""
    assert isinstance(raw, bytes) and isinstance(query, bytes)
    return raw + (b"?" + query if query else b"")


def main(port: str = "8080") -> None:
    """Serve until stopped."""
    import uvicorn

    from bgmigrate import load
    from bgmigrate.discovery import Watch

    with Watch(load()) as watch:
        proxy = Proxy({"blue": os.environ["BLUE"], "green": os.environ["GREEN"]}, lambda: watch.environment)
        uvicorn.run(
            proxy.application(), host="127.0.0.1", port=int(port), log_level="warning", ws="websockets-sansio", proxy_headers=False,
            server_header=False, date_header=False,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
