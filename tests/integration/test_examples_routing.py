"""The examples' configurations of HAProxy and Traefik are accepted and do what they say."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tomllib
from pathlib import Path

import pytest

from bgmigrate.settings import load
from tests.servers import consul, haproxy, web

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.skipif(haproxy.missing() is not None, reason=str(haproxy.missing()))
def test_haproxy_asks_the_map_and_a_header_asks_the_candidate() -> None:
    text = (EXAMPLES / "haproxy/haproxy.cfg").read_text()
    with web.backends() as backends, haproxy.proxies(backends, configuration=text) as (proxy,):
        assert proxy.side() == "blue"
        assert proxy.side(**{"X-Environment": "green"}) == "green"
        proxy.ask(f"set map {proxy.map} shop green")
        assert proxy.side() == "green"
        assert proxy.side(**{"X-Environment": "blue"}) == "blue"
        proxy.ask(f"del map {proxy.map} shop")
        with socket.create_connection(("127.0.0.1", proxy.port), 5) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
            assert b" 503 " in s.recv(1000)


@pytest.mark.parametrize("example", ["haproxy", "traefik"])
def test_their_configurations_are_read(example: str) -> None:
    found = load(config=EXAMPLES / example / "bgmigrate.toml", environ={})
    assert found.actuators[0].kind == example
    assert tomllib.loads((EXAMPLES / example / "bgmigrate.toml").read_text())["service"] == found.service


@pytest.mark.skipif(consul.missing() is not None, reason=str(consul.missing()))
def test_traefik_s_keys_are_those_that_a_switch_changes(tmp_path: Path) -> None:
    program = shutil.which(str(consul.program()))
    assert program is not None
    (tmp_path / "consul").symlink_to(program)
    with consul.agent() as agent:
        subprocess.run(
            [str(EXAMPLES / "traefik/keys.sh")], env={"PATH": f"{tmp_path}:/usr/bin:/bin", "CONSUL_HTTP_ADDR": agent.url}, check=True, capture_output=True
        )
        assert agent.get("traefik/http/routers/shop/service") == "shop-blue"
        assert agent.get("traefik/http/routers/shop-green/rule") == "PathPrefix(`/`) && Header(`X-Environment`, `green`)"
