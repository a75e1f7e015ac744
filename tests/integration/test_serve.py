"""The gates over HTTP: the commands' own words, the status that callers act on, and nothing without the token."""

from __future__ import annotations

import base64
import json

import pytest

from tests.integration.gate import TOKEN, Serve
from tests.project import Project


def test_a_release_asked_for_over_http(expanded: Project, serve: Serve) -> None:
    gate = serve()
    # nothing is proved: ask again after verify
    assert gate.ask("/v1/gate/shop/switch") == (409, expanded.call("switch", "--dry-run").json)
    assert gate.ask("/v1/gate/shop/switch", "POST", body={"anything": "a hook sends"})[0] == 409
    # a definite no: blue is live
    status, content = gate.ask("/v1/gate/shop/contract")
    assert (status, content) == (403, expanded.call("contract", "--dry-run").json)
    assert "BGM911" in {f["code"] for f in content["findings"]}
    expanded.must("verify", "--green", expanded.spec("green"))
    for method in ("GET", "POST"):
        status, content = gate.ask("/v1/gate/shop/switch?to=green", method)
        assert (status, content["outcome"], content["dry_run"], content["to"]) == (200, "done", True, "green")
    assert expanded.must("status").json["live"]["environment"] == "blue", "a question has changed something"
    status, content = gate.ask("/v1/status")
    assert (status, content) == (200, expanded.must("status").json)
    # writing is not allowed unless somebody said so
    status, content = gate.ask("/v1/switch/shop", "POST", body={"to": "green"})
    assert (status, content["findings"][0]["code"], content["exit_code"]) == (403, "BGM992", 3)
    assert expanded.must("status").json["live"]["environment"] == "blue"
    expanded.must("switch")
    status, content = gate.ask("/v1/gate/shop/contract")
    assert (status, content["outcome"], content["dry_run"]) == (200, "done", True), content
    assert expanded.sql("SELECT name FROM users") == [("Ada",)], "a question has dropped something"
    assert gate.stop() == 0


def test_switching_where_it_is_allowed(expanded: Project, serve: Serve) -> None:
    expanded.must("verify", "--green", expanded.spec("green"))
    gate = serve(BGMIGRATE_SERVE__ALLOW_SWITCH="true")
    for wrong in ("[1]", "{", {"to": "red"}, "x" * 100_000):
        assert gate.ask("/v1/switch/shop", "POST", body=wrong)[0] == 400
    status, content = gate.ask("/v1/switch/shop", "POST", body={"to": "green", "reason": "rollout 7"})
    assert (status, content["live"], content["generation"]) == (200, "green", 2)
    assert expanded.must("status").json["live"]["reason"] == "rollout 7"
    assert gate.ask("/v1/switch/shop", "GET")[0] == 405
    status, content = gate.ask("/v1/switch/shop", "POST", body={"to": "green"})
    assert (status, content["outcome"]) == (200, "nothing_to_do")


def test_nobody_is_answered_without_the_token(project: Project, serve: Serve) -> None:
    gate = serve(BGMIGRATE_DATABASE_URL="postgresql+psycopg://nobody:s3cret@127.0.0.1:1/none")
    for authorization in (None, "Bearer wrong", f"Token {TOKEN}", "Bearer ", "Basic ###"):
        for path in ("/v1/status", "/v1/gate/shop/switch", "/v1/gate/other/contract"):
            status, content = gate.ask(path, authorization=authorization)
            assert (status, content["findings"][0]["code"]) == (401, "BGM990")
    basic = base64.b64encode(f"flagger:{TOKEN}".encode()).decode()
    # whoever knows it hears that nobody can tell: the database is away
    for authorization in (f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Basic {basic}"):
        status, content = gate.ask("/v1/gate/shop/switch", authorization=authorization)
        assert (status, content["outcome"], content["exit_code"]) == (503, "error", 1)
        assert "s3cret" not in json.dumps(content)
    assert gate.ask("/v1/status")[0] == 503
    assert gate.ask("/v1/gate/other/switch")[0] == 404
    assert gate.ask("/healthz", authorization=None) == (200, "ok\n")


@pytest.mark.parametrize(("listen", "token", "code", "said"), [
    ("127.0.0.1:0", "", 2, "no token is set"),
    ("127.0.0.1:0", "short", 2, "the token is shorter"),
    ("somewhere", TOKEN, 2, "is not HOST:PORT"),
    ("192.0.2.1:80", TOKEN, 1, "cannot be listened on"),
])
def test_a_server_that_nobody_could_trust_or_reach_is_not_started(project: Project, listen: str, token: str, code: int, said: str) -> None:
    project.environ["BGMIGRATE_SERVE__TOKEN"] = token
    refused = project.must("serve", "--listen", listen, code=code)
    assert said in refused.json["what"]
    assert refused.json["next"]
