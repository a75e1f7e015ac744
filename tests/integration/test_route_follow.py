"""`route follow` keeps proxies at what the store says: when they restart or reload, from a stale file, and while the store is away."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.integration.routed import actuate, begin, haproxy
from tests.integration.until import until
from tests.project import Project
from tests.servers import consul, web
from tests.servers import haproxy as server
from tests.servers.haproxy import HAProxy

pytestmark = pytest.mark.skipif(server.missing() is not None, reason=str(server.missing()))


@pytest.fixture(scope="module")
def proxy() -> Iterator[HAProxy]:
    """One, for all tests here."""
    with web.backends() as backends, server.proxies(backends) as (found,):
        yield found


@pytest.fixture
def shop(project: Project, proxy: HAProxy) -> Project:
    """Blue is live behind it."""
    proxy.map.write_text("shop blue\n")
    proxy.ask(f"set map {proxy.map} shop blue")
    actuate(project, haproxy(proxy))
    return begin(project)


def right_again(proxy: HAProxy) -> float:
    """How many seconds that takes from now on."""
    def right() -> bool:
        try:
            return proxy.side() == "green" and proxy.map.read_text() == "shop green\n"
        except ConnectionError:  # a worker that was just ending had taken it
            return False

    began = time.monotonic()
    until(right, "it is at green again")
    return time.monotonic() - began


def started(project: Project, *arguments: str, live: str, **environ: str) -> subprocess.Popen[str]:
    """A follower that has begun."""
    follower = project.start("route", "follow", *arguments, json=False, environ=environ)
    assert follower.stderr is not None
    assert f"{live} is live" in next(line for line in follower.stderr if "is live" in line)
    return follower


def test_once_puts_everything_right_and_a_second_time_there_is_nothing_to_do(shop: Project, proxy: HAProxy) -> None:
    assert shop.must("route", "follow", "--once").json["outcome"] == "nothing_to_do"
    proxy.map.write_text("shop green\n")
    proxy.ask(f"set map {proxy.map} shop green")
    done = shop.must("route", "follow", "--once").json
    assert (done["outcome"], done["live"], done["changed"]) == ("done", "blue", 2)
    assert (proxy.side(), proxy.map.read_text()) == ("blue", "shop blue\n")
    actuate(shop, haproxy(proxy, f"unix:{proxy.home}/nobody.sock"))
    assert shop.must("route", "follow", "--once", code=1).codes == {"BGM930"}
    del shop.environ["BGMIGRATE_ACTUATORS"]
    shop.must("route", "follow", "--once", code=2)


def test_a_proxy_that_restarts_with_a_stale_file_is_right_again_within_a_second(shop: Project, proxy: HAProxy) -> None:
    shop.must("switch")
    follower, took = started(shop, live="green"), list[float]()
    for restart in (True, False, True):
        proxy.map.write_text("shop blue\n")  # from an earlier run
        if restart:
            proxy.stop()
            proxy.map.write_text("shop blue\n")
            proxy.start()
        else:
            proxy.reload()
        took.append(right_again(proxy))
    assert min(took) < 1.0, took  # the best of them: others are at work on the machine, too
    follower.send_signal(signal.SIGTERM)
    _, err = follower.communicate(timeout=20)
    assert follower.returncode == 130
    assert "blue → green" in err


def test_it_hears_of_a_switch_whose_machine_reaches_no_proxy(shop: Project, proxy: HAProxy) -> None:
    started(shop, "--interval", "1m", live="blue")
    actuate(shop, {"kind": "command", "apply": ["true"], "observe": ["echo", "green"]})
    shop.must("switch")
    assert right_again(proxy) < 30  # by LISTEN, long before the next look


@pytest.mark.skipif(consul.missing() is not None, reason=str(consul.missing()))
def test_without_consul_traffic_goes_on_and_a_restarted_proxy_gets_what_was_said_last(project: Project, proxy: HAProxy) -> None:
    with consul.agent() as agent:
        project.environ |= {"BGMIGRATE_STORE__KIND": "consul", "BGMIGRATE_STORE__URL": agent.url, "BGMIGRATE_STORE__TIMEOUT": "500ms"}
        actuate(project, haproxy(proxy))
        agent.put("services/shop/active", "green")
        proxy.ask(f"set map {proxy.map} shop blue")
        follower = started(project, live="green", BGMIGRATE_DATABASE_URL="")  # a proxy's host knows no database
        until(lambda: proxy.side() == "green", "it follows the key")
        agent.stop()
        assert follower.stderr is not None
        assert "green holds until it answers" in next(line for line in follower.stderr if "holds" in line)
        proxy.stop()
        proxy.map.write_text("shop blue\n")
        proxy.start()
        until(lambda: proxy.side() == "green", "it is right again without Consul")
        agent.start()
        agent.put("services/shop/active", "blue")
        until(lambda: proxy.side() == "blue", "it follows again")
