"""Who is live in a Consul key: read by anybody, changed by compare-and-set, guarded by a lock; the journal has a copy of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from bgmigrate.errors import Conflict
from bgmigrate.routing.stores.consul import ConsulStore
from bgmigrate.settings import load
from tests.integration.routed import actuate, begin, intent
from tests.integration.test_switch import live
from tests.project import Project
from tests.servers import consul as server
from tests.servers import web
from tests.servers.consul import Consul

pytestmark = pytest.mark.skipif(server.missing() is not None, reason=str(server.missing()))

KEY = "services/shop/active"
TRAEFIK = {"kind": "traefik", "router": "shop", "services": {"blue": "shop-blue", "green": "shop-green@file"}}


@pytest.fixture(scope="module")
def agent() -> Iterator[Consul]:
    """One for all tests here."""
    with server.agent() as found:
        yield found


@pytest.fixture
def shop(project: Project, agent: Consul) -> Project:
    """Blue is live, and Consul says so."""
    agent.delete("")
    project.environ |= {"BGMIGRATE_STORE__KIND": "consul", "BGMIGRATE_STORE__URL": agent.url, "BGMIGRATE_STORE__TIMEOUT": "1s"}
    return begin(project)


def store(shop: Project) -> ConsulStore:
    """As a command would open it."""
    return ConsulStore(load(directory=shop.directory, environ=shop.environment()))


def test_the_first_register_makes_the_key_and_a_switch_changes_it_and_its_copy(shop: Project, agent: Consul) -> None:
    assert agent.get(KEY) == "blue"
    done = shop.must("switch").json
    assert (done["live"], agent.get(KEY), live(shop)) == ("green", "green", "green")
    assert agent.get(f"{KEY}.lock") is None
    assert shop.must("switch").json["direction"] == "back"
    assert (agent.get(KEY), live(shop)) == ("blue", "blue")
    assert shop.must("status").json["store"] == {"kind": "consul", "environment": "blue"}


def test_a_register_that_contradicts_the_key_is_refused(project: Project, agent: Consul) -> None:
    agent.delete("")
    agent.put(KEY, "green")
    project.environ |= {"BGMIGRATE_STORE__KIND": "consul", "BGMIGRATE_STORE__URL": agent.url}
    project.models(blue="from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n")
    project.must("init")
    assert "BGM925" in project.must("register", "--env", "blue", "--version", "1", "--source", project.spec("blue"), code=5).codes
    assert project.sql("SELECT count(*) FROM bgmigrate.live") == [(0,)]
    project.must("register", "--env", "green", "--version", "1", "--source", project.spec("blue"))
    assert live(project) == "green"


def test_traefik_s_key_is_changed_in_the_same_transaction(shop: Project, agent: Consul) -> None:
    actuate(shop, TRAEFIK)
    agent.put("traefik/http/routers/shop/service", "shop-blue")
    done = shop.must("switch").json
    assert agent.get("traefik/http/routers/shop/service") == "shop-green@file"
    assert [(a["kind"], a["instance"], a["observed"]) for a in done["actuators"]] == [("traefik", "traefik/http/routers/shop/service", "green")]
    agent.put("traefik/http/routers/shop/service", "somebody-else")
    assert "somebody-else" in str(shop.must("status", code=7).json["findings"])


def test_a_key_changed_by_somebody_else_is_7_and_said(shop: Project, agent: Consul) -> None:
    agent.put(KEY, "green")
    said = shop.must("status", code=7).json["findings"][0]
    assert said["what"] == f"Consul's key {KEY} says green, the journal says blue"
    assert said["next"] == f"Put it right: consul kv put {KEY} blue"
    assert shop.must("switch", code=7).codes == {"BGM932"}
    assert shop.must("switch", "--to", "blue", code=7).codes == {"BGM932"}
    taken = shop.must("switch", "--to", "green").json  # the gate is asked, and the journal follows
    assert (taken["live"], live(shop)) == ("green", "green")
    agent.put(KEY, "purple")
    assert "purple" in shop.must("switch", code=2).json["what"]
    agent.delete(KEY)
    shop.must("switch", code=7)


def test_without_consul_it_is_1_and_nothing_is_changed(shop: Project, agent: Consul) -> None:
    shop.environ["BGMIGRATE_STORE__URL"] = f"http://127.0.0.1:{web.free_port()}"
    gone = shop.must("switch", code=1)
    assert gone.codes == {"BGM934"}
    assert (live(shop), agent.get(KEY), intent(shop)) == ("blue", "blue", [])
    assert "BGM934" in shop.must("status", code=1).codes
    assert "BGM934" in shop.must("doctor", code=2).codes


@pytest.mark.parametrize(("point", "key", "row"), [("1", "blue", "blue"), ("2", "green", "blue"), ("3", "green", "green")])
@pytest.mark.parametrize("to", ["green", "blue"])
def test_killed_at_any_point_it_is_finished_or_put_back(shop: Project, agent: Consul, point: str, key: str, row: str, to: str) -> None:
    assert shop.run("switch", environ={"BGMIGRATE_FAULT": point}).code == 137
    assert (agent.get(KEY), live(shop)) == (key, row)
    assert shop.must("switch", "--resume", "--to", to).code == 0
    assert (agent.get(KEY), live(shop)) == (to, to)
    assert shop.must("status").json["switching"] is None


def test_a_switch_from_another_machine_holds_the_lock(shop: Project, agent: Consul) -> None:
    other = store(shop)
    with other.locked("another database"):
        refused = shop.must("switch", code=5)
        assert refused.codes == {"BGM915"}
        assert f"{KEY}.lock" in refused.json["what"]
    assert live(shop) == "blue"
    shop.must("switch")


def test_the_key_changes_by_compare_and_set_only(shop: Project, agent: Consul) -> None:
    a = store(shop)
    seen = a.get()
    agent.put(KEY, "green")
    agent.put(KEY, "blue")  # the same value, another history
    with pytest.raises(Conflict, match="it says blue"):
        a.compare_and_set(seen, "green")
    assert agent.get(KEY) == "blue"
    with a.locked("me"):
        agent.delete(f"{KEY}.lock")  # as when the session has ended
        with pytest.raises(Conflict):
            a.compare_and_set(a.get(), "green")
    assert agent.get(KEY) == "blue"


def test_a_watch_hears_of_a_change_at_once(shop: Project, agent: Consul) -> None:
    a = store(shop)
    seen = a.get()
    assert a.watch(seen, 0.2) == seen
    timer = threading.Timer(0.2, lambda: agent.put(KEY, "green"))
    timer.start()
    now = a.watch(seen, 30)
    timer.join()
    assert now is not None and now.environment == "green"
    a.close()


def test_a_token_is_sent_with_every_request_and_its_lack_is_said(project: Project) -> None:
    with server.agent(acl=True, tls=True) as agent:
        may = agent.token('key_prefix "services/shop/" { policy = "write" } session_prefix "" { policy = "write" }')
        project.environ |= {
            "BGMIGRATE_STORE__KIND": "consul", "BGMIGRATE_STORE__URL": f"https://127.0.0.1:{agent.tls}",
            "BGMIGRATE_STORE__CA": str(agent.home / "cert.pem"), "BGMIGRATE_STORE__TOKEN": may, "CONSUL_HTTP_TOKEN": "not this one",
        }
        begin(project)
        project.must("switch")
        assert agent.get(KEY) == "green"
        project.environ["BGMIGRATE_STORE__TOKEN"] = agent.token('key_prefix "services/shop/" { policy = "read" }')
        refused = project.call("switch")
        assert (refused.code, refused.codes) == (1, {"BGM934"})
        del project.environ["BGMIGRATE_STORE__CA"]
        unknown = project.call("status")
        assert (unknown.code, unknown.codes & {"BGM934"}) == (1, {"BGM934"})
        assert may not in refused.out + refused.err + unknown.out + unknown.err
