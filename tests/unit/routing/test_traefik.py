"""Traefik's API as its documentation has it, answered by a stand-in here: no Traefik is run."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bgmigrate.dataplane import TraefikSettings
from bgmigrate.errors import InfrastructureError
from bgmigrate.routing.actuators.traefik import Instance

ANSWERS: dict[str, Any] = {}


class Api(BaseHTTPRequestHandler):
    """Says what a test has put there."""

    def do_GET(self) -> None:
        """404 for what it does not know."""
        found = ANSWERS.get(self.path)
        self.send_response(200 if found is not None else 404)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def traefik() -> Iterator[Instance]:
    """One whose router is bound to blue."""
    ANSWERS.clear()
    ANSWERS["/api/http/routers/shop%40consul"] = {"service": "shop-blue", "status": "enabled"}
    ANSWERS["/api/http/services/shop-green%40consul"] = {"serverStatus": {"http://127.0.0.1:1": "UP", "http://127.0.0.1:2": "DOWN"}}
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = TraefikSettings(kind="traefik", router="shop", services={"blue": "shop-blue", "green": "shop-green"})
        yield Instance(settings, f"http://127.0.0.1:{server.server_address[1]}/")
        server.shutdown()


def test_it_is_where_its_router_is_bound(traefik: Instance) -> None:
    assert traefik.observe() == "blue"
    ANSWERS["/api/http/routers/shop%40consul"]["service"] = "shop-green@consul"
    assert traefik.observe() == "green"
    ANSWERS["/api/http/routers/shop%40consul"]["service"] = "maintenance"
    assert traefik.observe() == "maintenance"
    ANSWERS.clear()
    assert traefik.observe() is None


def test_a_candidate_is_ready_when_one_server_of_its_service_is_up(traefik: Instance) -> None:
    assert traefik.ready("green") is None
    ANSWERS["/api/http/services/shop-green%40consul"]["serverStatus"] = {"http://127.0.0.1:1": "DOWN"}
    assert traefik.ready("green") == "no server of shop-green is up"
    assert traefik.ready("blue") == "it knows no service shop-blue"


def test_one_that_is_away_is_said(traefik: Instance) -> None:
    gone = Instance(traefik.settings, "http://127.0.0.1:9")
    with pytest.raises(InfrastructureError, match=r"traefik http://127\.0\.0\.1:9 does not answer"):
        gone.observe()
