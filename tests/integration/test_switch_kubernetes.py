"""A Kubernetes Service follows a switch. The API server here is a local stand-in of the three calls that are made; no cluster is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.integration.routed import actuate, begin
from tests.integration.test_switch import live
from tests.project import Project

pytestmark = pytest.mark.skipif(not find_spec("kubernetes"), reason="no kubernetes client (pip install 'bgmigrate[kubernetes]')")

PATH = "/api/v1/namespaces/web/services/shop"
ACTUATOR = {
    "kind": "kubernetes", "namespace": "web", "service": "shop", "label": "track", "values": {"blue": "b", "green": "g"}, "ready_within": "0s",
    "deployments": {"blue": "shop-b", "green": "shop-g"},
}


class Api(ThreadingHTTPServer):
    """The stand-in: one Service with optimistic concurrency as the API has it, and Deployments."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.selector, self.version, self.available, self.interfere = {"app": "shop", "track": "b"}, 7, {"shop-b": 1, "shop-g": 1}, 0
        self.patches: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    """Its answers."""

    server: Api

    def do_GET(self) -> None:
        """A Service, or a Deployment's status."""
        if self.path == PATH:
            self.answer(200, {"metadata": {"name": "shop", "resourceVersion": str(self.server.version)}, "spec": {"selector": self.server.selector}})
            if self.server.interfere:
                self.server.interfere -= 1
                self.server.version += 1  # somebody else changes it after it was read
            return
        name = self.path.split("/")[-2]
        self.answer(200, {"spec": {"selector": {"matchLabels": {}}, "template": {}}, "status": {"replicas": 1, "availableReplicas": self.server.available[name]}})

    def do_PATCH(self) -> None:
        """409 unless the version is the one that is there."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.patches.append(body)
        if body["metadata"]["resourceVersion"] != str(self.server.version):
            self.answer(409, {"reason": "Conflict"})
            return
        self.server.selector |= body["spec"]["selector"]
        self.server.version += 1
        self.answer(200, {"metadata": {"name": "shop"}})

    def answer(self, code: int, body: dict[str, Any]) -> None:
        """As JSON."""
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[Api]:
    """Running."""
    server = Api()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def shop(project: Project, api: Api, tmp_path: Path) -> Project:
    """Blue is live, and selected."""
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "here", "users": [{"name": "me", "user": {}}],
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{api.server_address[1]}"}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    }))
    project.environ["KUBECONFIG"] = str(config)
    actuate(project, ACTUATOR)
    return begin(project)


def test_the_selector_follows_and_its_other_labels_stay(shop: Project, api: Api) -> None:
    done = shop.must("switch").json
    assert [(a["instance"], a["observed"]) for a in done["actuators"]] == [("web/shop", "green")]
    assert api.selector == {"app": "shop", "track": "g"}
    shop.must("switch", "--to", "blue")
    assert api.selector["track"] == "b"


def test_a_service_that_somebody_changed_meanwhile_is_read_again(shop: Project, api: Api) -> None:
    shop.must("status")
    api.interfere = 3  # the look before the switch, and two reads of it
    shop.must("switch")
    assert len({p["metadata"]["resourceVersion"] for p in api.patches}) > 1
    assert api.selector["track"] == "g"


def test_a_candidate_without_an_available_replica_is_6(shop: Project, api: Api) -> None:
    api.available["shop-g"] = 0
    assert "shop-g" in shop.must("switch", code=6).json["what"]
    assert (live(shop), api.selector["track"]) == ("blue", "b")


def test_an_api_that_is_away_is_1(shop: Project, api: Api) -> None:
    api.shutdown()
    api.server_close()
    assert shop.must("switch", code=1).codes == {"BGM930"}
