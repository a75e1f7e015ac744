"""A switch that is killed, or not alone: it is finished, or put back, and nobody is left between two versions without being told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgmigrate.database import connect
from bgmigrate.journal import revisions
from bgmigrate.locking import RUN_LOCK
from tests.integration.routed import actuate, begin, intent
from tests.integration.test_switch import add_revision, live, prove, stamp
from tests.integration.until import until
from tests.project import Project

MEANT, COMMITTED = "1", "2"  # points at which the process dies: the intent is recorded; who is live is changed, and nobody was told


@pytest.fixture
def shop(project: Project, tmp_path: Path) -> Project:
    """Blue is live behind a router that keeps where it points to in a file."""
    (tmp_path / "router").write_text("blue")
    actuate(project, {
        "kind": "command", "apply": ["sh", "-c", 'printf %s "$1" > "$2"', "apply", "{environment}", str(tmp_path / "router")],
        "observe": ["cat", str(tmp_path / "router")], "inflight": ["echo", "7"], "ready": ["test", "{environment}", "!=", "red"],
    })
    return begin(project)


def routed(tmp_path: Path) -> str:
    """Where the router points to."""
    return (tmp_path / "router").read_text()


def kill(shop: Project, point: str, *arguments: str) -> None:
    """A switch that dies there, as by kill -9."""
    assert shop.run("switch", *arguments, environ={"BGMIGRATE_FAULT": point}).code == 137


@pytest.mark.parametrize("again", [("--resume",), (), ("--to", "green")])
def test_killed_between_the_store_and_the_data_plane_it_is_finished(shop: Project, tmp_path: Path, again: tuple[str, ...]) -> None:
    kill(shop, COMMITTED, "--reason", "release 2")
    assert (live(shop), routed(tmp_path), intent(shop)) == ("green", "blue", ["committed"])
    torn = shop.must("status", code=7)
    assert {"BGM932", "BGM933"} <= torn.codes
    assert torn.json["next"] == "bgmigrate switch --resume"
    assert torn.json["switching"]["to_environment"] == "green"
    done = shop.must("switch", *again).json
    assert (done["live"], done["direction"], done["actuators"][0]["observed"]) == ("green", "forward", "green")
    assert (routed(tmp_path), intent(shop)) == ("green", ["done"])
    assert shop.must("status").json["switching"] is None


def test_killed_there_it_is_put_back_when_that_is_asked_for(shop: Project, tmp_path: Path) -> None:
    kill(shop, COMMITTED)
    assert shop.must("switch", "--to", "blue").json["live"] == "blue"
    assert (live(shop), routed(tmp_path), intent(shop)) == ("blue", "blue", ["undone"])
    assert shop.must("switch").json["live"] == "green"


def test_until_it_has_ended_contract_is_closed(shop: Project, tmp_path: Path) -> None:
    add_revision(shop, "expand", "e1")
    add_revision(shop, "contract", "c1", depends_on="e1")
    with connect(shop.url, purpose="test") as c:
        revisions.begin(c, "e1", "expand")
    stamp(shop, "e1")
    prove(shop)
    kill(shop, COMMITTED)
    assert shop.must("contract", code=7).codes == {"BGM933"}  # the journal says green; the router, blue
    shop.must("switch", "--resume")
    assert "BGM933" not in shop.call("contract").codes


def test_killed_before_anything_was_changed_the_gate_is_asked_again(shop: Project, tmp_path: Path) -> None:
    kill(shop, MEANT)
    assert (live(shop), routed(tmp_path), intent(shop)) == ("blue", "blue", ["meant"])
    shop.sql("ALTER TABLE users ADD COLUMN age int")
    assert "BGM909" in shop.must("switch", "--resume", code=4).codes
    assert (live(shop), intent(shop)) == ("blue", ["undone"])


def test_a_way_back_that_was_killed_is_finished_too(shop: Project, tmp_path: Path) -> None:
    shop.must("switch")
    kill(shop, COMMITTED, "--to", "blue")
    assert (live(shop), routed(tmp_path)) == ("blue", "green")
    assert shop.must("switch", "--resume").json["direction"] == "back"
    assert routed(tmp_path) == "blue"


def test_of_two_at_once_one_switches_and_the_other_is_told_so(shop: Project, tmp_path: Path) -> None:
    go = tmp_path / "go"
    actuate(shop, {"kind": "command", "apply": ["true"], "observe": ["echo", "green"], "ready": ["test", "-e", str(go)], "ready_within": "1m"})
    first = shop.start("switch", "--to", "green")
    held = "SELECT count(*) > 0 FROM pg_locks WHERE classid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    until(lambda: bool(shop.sql(held, RUN_LOCK)[0][0]), "the first one holds the run lock")
    late = shop.must("switch", "--to", "green", code=5)
    assert late.codes == {"BGM915"}
    go.touch()
    assert shop.finish(first).code == 0
    assert shop.sql("SELECT count(*) FROM bgmigrate.switch_history") == [(2,)]


def test_a_drift_of_the_schema_after_verify_is_4_and_nobody_is_told(shop: Project, tmp_path: Path) -> None:
    shop.sql("ALTER TABLE users ADD COLUMN age int")
    shop.must("switch", code=4)
    assert (routed(tmp_path), intent(shop)) == ("blue", [])


def test_commands_are_not_given_to_a_shell_and_braces_stay(shop: Project, tmp_path: Path) -> None:
    said = tmp_path / "said"
    actuate(shop, {
        "kind": "command", "apply": ["tee", str(said), '{"to": "{environment}"}; touch x', str(tmp_path / "{service}")],
        "observe": ["echo", "green"], "ready": ["sh", "-c", "echo starting; exit 1"], "ready_within": "0s",
    })
    refused = shop.must("switch", code=6)
    assert "starting" in refused.json["what"]
    actuate(shop, {
        "kind": "command", "apply": ["sh", "-c", 'echo "$1" > "$2"', "apply", '{"to": "{environment}", "of": "{service}"}; touch x', str(said)],
        "observe": ["echo", "green"],
    })
    shop.must("switch")
    assert said.read_text() == '{"to": "green", "of": "shop"}; touch x\n'


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"kind": "carrier pigeon"}, "kind"), ({"kind": "haproxy", "map": "/m"}, "sockets"), ({"kind": "command", "apply": ["x"]}, "observe"),
        ({"kind": "haproxy", "map": "/m", "sockets": ["/run/x"]}, "sockets"), ({"kind": "command", "applies": ["x"]}, "applies"),
        ({"kind": "haproxy", "map": "/m", "sockets": ["unix:/x"], "backends": {"blue": "b"}}, "backends"),
        ({"kind": "traefik", "router": "r", "services": {"blue": "b", "green": "g"}}, "consul"),
    ],
)
def test_an_actuator_that_cannot_work_is_2(project: Project, wrong: dict[str, object], key: str) -> None:
    actuate(project, wrong)
    refused = project.must("status", code=2).json
    assert key in refused["what"] + refused["next"]
