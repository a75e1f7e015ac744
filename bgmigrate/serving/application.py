"""The ASGI application: who may ask, what for, and one question at a time.

How the best existing tools do it: Argo Rollouts and Flagger ask a URL and take any 200 for a yes, so a gate that cannot tell must say so by its
status. Ours answers with the command's own object, and takes the token as HTTP Basic's password from callers that can only be given a URL.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bgmigrate.errors import BgmigrateError, ConfigurationError, Refused
from bgmigrate.progress import Progress
from bgmigrate.serving import answers
from bgmigrate.serving.answers import Answer
from bgmigrate.settings import Settings
from bgmigrate.workflow.contract import contract
from bgmigrate.workflow.report import Report
from bgmigrate.workflow.status import status
from bgmigrate.workflow.switch import switch

_LARGEST = 64 * 1024  # bytes of a request's body: hooks send what they know, and nobody needs it


class Gates:
    """The questions. A gate reads revision files and the database's state: two at once would only wait for each other."""

    def __init__(self, settings: Settings, token: str, progress: Progress) -> None:
        self.settings, self.token, self.progress = settings, token, progress
        self._one = threading.Lock()

    def application(self) -> Starlette:
        """Its routes; nothing but `/healthz` is answered without the token."""
        return Starlette(routes=[
            Route("/healthz", _healthy),
            Route("/v1/status", self._guarded(self._status, "status")),
            Route("/v1/gate/{service}/switch", self._guarded(self._switch_gate, "switch"), methods=["GET", "POST"]),
            Route("/v1/gate/{service}/contract", self._guarded(self._contract_gate, "contract"), methods=["GET", "POST"]),
            Route("/v1/switch/{service}", self._guarded(self._switch, "switch"), methods=["POST"]),
        ])

    def _guarded(
        self, handler: Callable[[Request], Awaitable[Callable[[], Report]]], command: str
    ) -> Callable[[Request], Awaitable[Response]]:
        """The token is asked for first, then the service; the command runs in a thread."""

        async def endpoint(request: Request) -> Response:
            if not self._allowed(request):
                wrong = BgmigrateError(
                    "the bearer token is missing or wrong", why="Who may ask is who knows it.",
                    next="Send `Authorization: Bearer TOKEN`; the token is BGMIGRATE_SERVE__TOKEN where `bgmigrate serve` runs.", code="BGM990",
                )
                return self._said(request, answers.refuse(self.settings, 401, wrong, command), {"WWW-Authenticate": "Bearer"})
            named = request.path_params.get("service", self.settings.service)
            if named != self.settings.service:
                unknown = BgmigrateError(
                    f"no service {named} here", why=f"This gate is configured for {self.settings.service}.",
                    next=f"Ask /v1/gate/{self.settings.service}/{command}, or run another `bgmigrate serve --config` for {named}.", code="BGM991",
                )
                return self._said(request, answers.refuse(self.settings, 404, unknown, command))
            try:
                function = await handler(request)
            except ConfigurationError as error:
                return self._said(request, answers.refuse(self.settings, 400, error, command))
            except Refused as error:
                return self._said(request, answers.refuse(self.settings, 403, error, command))
            return self._said(request, await run_in_threadpool(self._ask, command, function))

        return endpoint

    def _ask(self, command: str, function: Callable[[], Report]) -> Answer:
        with self._one:
            return answers.ask(self.settings, command, function)

    def _allowed(self, request: Request) -> bool:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif kind.lower() != "bearer":
            return False
        return hmac.compare_digest(given.strip().encode(), self.token.encode())

    def _said(self, request: Request, answer: Answer, headers: dict[str, str] | None = None) -> Response:
        self.progress.step(f"{request.method} {request.url.path}: {answer.status}, {answer.said}")
        return Response(answer.body, answer.status, headers, "application/json")

    async def _status(self, request: Request) -> Callable[[], Report]:
        return lambda: status(self.settings)

    async def _switch_gate(self, request: Request) -> Callable[[], Report]:
        to = _environment(request.query_params.get("to"))
        return lambda: switch(self.settings, to=to, dry_run=True)

    async def _contract_gate(self, request: Request) -> Callable[[], Report]:
        revision = request.query_params.get("to")
        return lambda: contract(self.settings, to=revision, dry_run=True)

    async def _switch(self, request: Request) -> Callable[[], Report]:
        if not self.settings.serve.allow_switch:
            raise Refused(
                "switching over HTTP is not allowed here", why="Everything else that is served only asks.",
                next="Run `bgmigrate switch`, or set serve.allow_switch = true.", code="BGM992",
            )
        body = await _object(request)
        to, reason = _environment(body.get("to")), str(body.get("reason", ""))
        return lambda: switch(self.settings, to=to, reason=reason or "over HTTP")


async def _healthy(request: Request) -> Response:
    """Is the process there? It says nothing of the database, for a gate that is restarted while that is away helps nobody."""
    return PlainTextResponse("ok\n")


async def _object(request: Request) -> dict[str, Any]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise ConfigurationError(f"the body is larger than {_LARGEST} bytes", next='Send {"to": "green", "reason": "…"}.')
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ConfigurationError("the body is not a JSON object", next='Send {"to": "green", "reason": "…"}.')
    return content


def _environment(name: object) -> str | None:
    if name is not None and name not in ("blue", "green"):
        raise ConfigurationError(f"{name!r} is no environment", next='"to" is blue or green; left out it is the idle one.')
    return str(name) if name is not None else None
