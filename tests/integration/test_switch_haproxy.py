"""HAProxy follows a switch: under load, at every proxy, at once; and everything is put back when one does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bgmigrate.routing import plane
from bgmigrate.settings import load
from tests.integration.routed import actuate, begin, haproxy, intent
from tests.integration.test_switch import live, prove
from tests.integration.until import until
from tests.project import Project
from tests.servers import haproxy as server
from tests.servers import web
from tests.servers.haproxy import HAProxy

pytestmark = pytest.mark.skipif(server.missing() is not None, reason=str(server.missing()))


@pytest.fixture(scope="module")
def both() -> Iterator[list[HAProxy]]:
    """Two proxies before the same servers, for all tests here."""
    with web.backends() as backends, server.proxies(backends, 2) as found:
        yield found


@pytest.fixture
def shop(project: Project, both: list[HAProxy]) -> Project:
    """Blue is live behind both proxies, one of which is reached over a unix socket and TCP, the other over TCP."""
    for proxy in both:
        proxy.map.write_text("other green\nshop blue\n")
        proxy.ask(f"set map {proxy.map} shop blue")
    actuate(project, haproxy(both[0], both[0].unix, both[0].tcp), haproxy(both[1], both[1].tcp))
    return begin(project)


@pytest.mark.parametrize("switches", [4, pytest.param(20, marks=pytest.mark.exhaustive(turns=4))])
def test_switches_under_load_lose_no_request_and_take_less_than_50_ms(switches: int, shop: Project, both: list[HAProxy]) -> None:
    took = []
    with web.load(*(p.port for p in both)) as load:
        for n in range(switches):
            to = ("green", "blue")[n % 2]
            if to == "green":
                prove(shop)
            found = shop.must("switch", "--to", to).json
            took.append(found["seconds"])
            assert [a["observed"] for a in found["actuators"]] == [to] * 5  # two files, three runtime APIs
            assert [p.side() for p in both] == [to, to]
        seen = load.stop()
    assert seen["failed"] == []
    assert seen["requests"] > 100 * switches
    assert seen["sides"] == ["blue"]
    # the best of them, and of many: others are at work on the machine, too
    assert min(took) < (0.05 if switches == 20 else 1.0), took


def test_the_map_file_keeps_other_services_lines_and_its_mode(shop: Project, both: list[HAProxy]) -> None:
    both[0].map.chmod(0o640)
    shop.must("switch")
    assert both[0].map.read_text() == "other green\nshop green\n"
    assert both[0].map.stat().st_mode & 0o777 == 0o640
    assert not list(both[0].home.glob(".active.map.?*[!k]"))  # no temporary file is left; the lock stays


def test_a_map_without_an_entry_gets_one(shop: Project, both: list[HAProxy]) -> None:
    both[1].ask(f"del map {both[1].map} shop")
    both[1].map.write_text("")
    shop.must("switch")
    assert both[1].side() == "green"
    assert both[1].map.read_text() == "shop green\n"


def test_a_candidate_without_a_server_that_is_up_is_not_made_live(shop: Project, both: list[HAProxy]) -> None:
    both[1].ask("disable server shop_green/one")
    try:
        refused = shop.must("switch", code=6)
        assert refused.codes == {"BGM931"}
        assert "shop_green" in refused.json["what"]
        assert (live(shop), both[0].side()) == ("blue", "blue")
        assert intent(shop) == []
    finally:
        both[1].ask("enable server shop_green/one")


def test_an_unreachable_proxy_before_the_switch_changes_nothing(shop: Project, both: list[HAProxy]) -> None:
    actuate(shop, haproxy(both[0]), haproxy(both[1], f"tcp:127.0.0.1:{web.free_port()}"))
    gone = shop.must("switch", code=1)
    assert gone.codes == {"BGM930"}
    assert (live(shop), both[0].side(), intent(shop)) == ("blue", "blue", [])
    assert "BGM930" in shop.must("doctor", code=2).codes


def test_a_proxy_that_does_not_follow_has_everything_put_back(shop: Project, both: list[HAProxy], tmp_path: Path) -> None:
    stubborn = {"kind": "command", "apply": ["true"], "observe": ["echo", "blue"], "follow_within": "100ms"}
    actuate(shop, haproxy(both[0]), stubborn)
    failed = shop.must("switch", code=1).json
    assert "still at blue" in failed["what"]
    assert "Everything was put back" in failed["why"]
    assert (live(shop), both[0].side(), both[0].map.read_text(), intent(shop)) == ("blue", "blue", "other green\nshop blue\n", ["undone"])
    assert [r[0] for r in shop.sql("SELECT kind FROM bgmigrate.switch_history ORDER BY generation")] == ["first", "forward", "back"]
    actuate(shop, haproxy(both[0]))
    assert shop.must("switch").json["direction"] == "forward"  # with the evidence that there is: nothing has changed
    assert both[0].side() == "green"


def test_what_cannot_be_put_back_is_7_and_resumed(shop: Project, both: list[HAProxy], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    script = f'[ ! -e {broken} ] || exit 1; cat {tmp_path}/at 2>/dev/null || echo blue'
    apply = f'[ ! -e {broken} ] || exit 1; if [ "$1" = green ]; then touch {broken}; exit 1; fi; echo $1 > {tmp_path}/at'
    stuck = {"kind": "command", "apply": ["sh", "-c", apply, "apply", "{environment}"], "observe": ["sh", "-c", script]}
    actuate(shop, haproxy(both[0]), stuck)
    torn = shop.must("switch", code=7)
    assert torn.codes == {"BGM932"}
    assert torn.json["next"] == "bgmigrate switch --resume"
    assert (live(shop), both[0].side(), intent(shop)) == ("blue", "blue", ["undoing"])
    assert "BGM933" in shop.must("status", code=1).codes
    assert shop.must("switch", "--dry-run", code=7).codes == {"BGM933"}
    shop.must("switch", "--resume", code=7)
    broken.unlink()
    assert shop.must("switch", "--resume").json["live"] == "blue"
    assert intent(shop) == ["undone"]
    assert shop.must("switch", "--resume").json["outcome"] == "nothing_to_do"


def test_status_says_which_of_file_and_runtime_differ(shop: Project, both: list[HAProxy]) -> None:
    assert [a["observed"] for a in shop.must("status").json["actuators"]] == ["blue"] * 5
    both[0].map.write_text("shop green\n")
    stale = shop.must("status", code=7)
    assert [f["what"] for f in stale.json["findings"] if f["code"] == "BGM932"] == [f"the map file {both[0].map} says green, but blue is live"]
    both[1].ask(f"set map {both[1].map} shop green")
    said = [f["what"] for f in shop.must("status", code=7).json["findings"] if f["code"] == "BGM932"]
    assert len(said) == 2
    assert f"haproxy {both[1].tcp} says green, but blue is live" in said
    text = shop.call("status", json=False)
    assert f"haproxy    {both[1].tcp}: green" in text.out


def test_names_that_the_runtime_api_would_take_for_commands_are_refused(shop: Project, both: list[HAProxy]) -> None:
    shop.environ["BGMIGRATE_SERVICE"] = "shop; disable server"
    assert shop.call("status").code != 0
    actuate(shop, {**haproxy(both[0]), "map": "/x;show stat"})
    shop.environ["BGMIGRATE_SERVICE"] = "shop"
    assert shop.must("switch", code=2).codes == {"BGM921"}


def test_requests_under_way_are_counted_at_every_proxy(shop: Project, both: list[HAProxy]) -> None:
    found = plane.inflight(load(directory=shop.directory, environ=shop.environment()), "blue")
    assert found == [(f"haproxy {name}", 0) for name in (both[0].unix, both[0].tcp, both[1].tcp)]
    with web.load(both[0].port, connections=4):
        until(lambda: plane.inflight(load(directory=shop.directory, environ=shop.environment()), "blue")[0][1] > 0, "requests are under way")
