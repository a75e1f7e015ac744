"""The examples for other people's pipelines: scripts and handlers run against a real gate, manifests name what exists."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from starlette.routing import Match

from bgmigrate.cli.main import cli
from bgmigrate.progress import Progress
from bgmigrate.serving.application import Gates
from bgmigrate.settings import Settings
from tests.integration.gate import TOKEN, Serve
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=3)
PIPELINES = Path(__file__).parents[2] / "examples" / "pipelines"


def module(name: str) -> ModuleType:
    """A script of the examples, imported."""
    spec = importlib.util.spec_from_file_location(name, PIPELINES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


def everything(node: Any, key: str) -> list[Any]:
    """The values of a key, however deep."""
    if isinstance(node, list):
        return [v for item in node for v in everything(item, key)]
    if isinstance(node, dict):
        return [v for k, value in node.items() for v in ([value] if k == key else []) + everything(value, key)]
    return []


@pytest.mark.parametrize("name", ["argo-rollouts.yaml", "flagger.yaml"])
def test_a_manifest_asks_what_is_served_and_calls_what_exists(name: str, tmp_path: Path) -> None:
    documents = list(yaml.safe_load_all((PIPELINES / name).read_text(encoding="utf-8")))
    urls, commands = everything(documents, "url"), everything(documents, "command")
    assert all(d["apiVersion"] and d["kind"] and d["metadata"]["name"] and d["spec"] for d in documents)
    routes = Gates(Settings(directory=tmp_path), TOKEN, Progress(-1)).application().routes
    assert urls
    for url in urls:
        for method in ("GET", "POST"):
            scope = {"type": "http", "path": urlsplit(url).path, "method": method, "headers": []}
            assert any(r.matches(scope)[0] is Match.FULL for r in routes), f"{method} {url}"
    for program, command, *arguments in commands:
        assert program == "bgmigrate"
        cli.commands[command].make_context(command, arguments)


class _CodeDeploy:
    def __init__(self) -> None:
        self.said: list[dict[str, str]] = []

    def put_lifecycle_event_hook_execution_status(self, **said: str) -> None:
        self.said.append(said)


def test_hooks_of_aws_act_on_the_gate_s_answer(expanded: Project, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, hook = serve(), module("ecs_hook")
    monkeypatch.setenv("GATE", f"{gate.url}/v1/gate/shop/contract")
    monkeypatch.setenv("TOKEN", TOKEN)
    assert hook.handler({}, None) == {"hookStatus": "FAILED"}  # blue is live
    monkeypatch.setenv("GATE", f"{gate.url}/v1/gate/shop/switch")
    assert hook.handler({}, None) == {"hookStatus": "IN_PROGRESS", "callBackDelay": 60}  # nothing is proved yet
    event, client, deploy = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}, _CodeDeploy(), module("codedeploy_hook")
    left = iter([600_000, 1_000])
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: next(left))
    assert deploy.handler(event, context, client, pause=0.01) == "FAILED"  # nobody could tell before its time was over
    expanded.must("verify", "--green", expanded.spec("green"))
    assert hook.handler({}, None) == {"hookStatus": "SUCCEEDED"}
    assert deploy.handler(event, context, client) == "SUCCEEDED"
    assert [s["status"] for s in client.said] == ["Failed", "Succeeded"]
    monkeypatch.setenv("TOKEN", "another")
    with pytest.raises(RuntimeError, match="token"):
        hook.handler({}, None)
    monkeypatch.setenv("GATE", "http://127.0.0.1:1/v1/gate/shop/switch")
    assert hook.handler({}, None)["hookStatus"] == "IN_PROGRESS"


def test_hooks_of_kamal_take_a_release_to_its_end(expanded: Project, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "bgmigrate").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bgmigrate "$@"\n')
    (programs / "bgmigrate").chmod(0o755)
    environ = expanded.environment() | {"KAMAL_VERSION": "2.0", "KAMAL_PERFORMER": "ada", "BGMIGRATE_SPEC": expanded.spec("green")}
    environ["PATH"] = f"{programs}{os.pathsep}{environ['PATH']}"
    for script in ("pre-deploy", "post-deploy"):
        done = subprocess.run([str(PIPELINES / "kamal" / script)], cwd=expanded.directory, env=environ, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done
    live = expanded.must("status").json["live"]
    assert (live["environment"], live["reason"]) == ("green", "kamal deploy 2.0 by ada")
    # nothing is proved of what is there now: the next deployment ends before it begins
    refused = subprocess.run(
        [str(PIPELINES / "kamal" / "pre-deploy")], cwd=expanded.directory, env=environ | {"BGMIGRATE_SPEC": "path:nowhere"}, capture_output=True, text=True,
        timeout=200,
    )
    assert refused.returncode == 2, refused
