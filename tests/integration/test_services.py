"""Several services on one database: who needs what of the schema and of each other, and a switch or a contract that would leave one without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.shop import BASE, BLUE, GREEN
from tests.project import Project

REPORTS = BASE + '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
'''


@pytest.fixture
def shop(project: Project) -> Project:
    """Expanded and verified: green has a candidate, blue is live."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue("INSERT INTO users (name) VALUES ('Ada')")
    project.must("plan", "-m", "full name", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--green", project.spec("green"))
    return project


@pytest.fixture
def reports(shop: Project, tmp_path: Path) -> Project:
    """Another service's project on the same database."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "pyproject.toml").write_text('[tool.bgmigrate]\nservice = "reports"\nmodels = "models:Base"\n', encoding="utf-8")
    other = Project(directory=tmp_path / "reports", url=shop.url, scratch_url=shop.scratch_url)
    other.models(blue=REPORTS)
    return other


def test_a_switch_leaves_no_live_consumer_without_its_version(shop: Project, reports: Project) -> None:
    shop.must("register", "--env", "blue", "--version", "blue-1", "--source", shop.spec("blue"), "--provides", "users/1")
    shop.must("register", "--env", "green", "--version", "2", "--source", shop.spec("green"), "--provides", "users/2", "--requires", "mail/1")
    reports.must("register", "--version", "7", "--source", reports.spec("blue"), "--requires", "users/1")
    refused = shop.must("switch", "--dry-run", code=3)
    assert refused.codes == {"BGM993", "BGM994"}
    said = " ".join(f["what"] for f in refused.json["findings"])
    assert "reports 7 is live and requires users/1, which 2 does not provide" in said
    assert "2 requires mail/1, which no live version provides" in said
    shop.must("register", "--env", "green", "--version", "2", "--source", shop.spec("green"), "--provides", "users/2", "--provides", "users/1")
    shop.must("switch")
    # and back: what blue lacks counts as well, though nothing else is asked on the way back
    reports.must("register", "--env", "blue", "--version", "8", "--source", reports.spec("blue"), "--requires", "users/2")
    assert shop.must("switch", code=3).codes == {"BGM993"}
    reports.must("register", "--env", "blue", "--version", "7", "--source", reports.spec("blue"), "--requires", "users/1")
    shop.must("switch")


def test_what_is_configured_is_declared_by_register_and_verify(shop: Project) -> None:
    shop.environ |= {"BGMIGRATE_PROVIDES": "users/1,users/2", "BGMIGRATE_REQUIRES": '["mail/1"]'}
    shop.must("register", "--env", "blue", "--version", "blue-1", "--source", shop.spec("blue"))
    blue = shop.must("matrix").json["services"][0]["versions"][0]
    assert (blue["provides"], blue["requires"]) == (["users/1", "users/2"], ["mail/1"])


def test_the_matrix_and_a_contract_name_who_still_needs_what_goes(shop: Project, reports: Project) -> None:
    reports.must("register", "--version", "7", "--source", reports.spec("blue"))
    seen = shop.must("matrix").json["services"]
    assert [(s["service"], s["live"], [(v["version"], v["state"], v["live"]) for v in s["versions"]]) for s in seen] == [
        ("reports", "blue", [("7", "deployed", True)]), ("shop", "blue", [("blue-1", "deployed", True), (seen[1]["versions"][1]["version"], "candidate", False)]),
    ]
    (revision,) = [p["revision"] for p in shop.must("status").json["pending"]]
    going = [{"table": "users", "column": "name", "revision": revision}]
    assert [v["loses"] for s in seen for v in s["versions"]] == [going, going, []]
    assert seen[0]["versions"][0]["tables"] == {"users": ["id", "name"]}
    assert [v["lacks"] for s in seen for v in s["versions"]] == [[], [], []]
    text = shop.call("matrix", json=False).out
    assert f"needs users.name, which contract {revision} removes" in text
    shop.must("switch")
    refused = shop.must("contract", "--drained", "it is", code=3)
    assert "version 7 of service reports (blue)" in " ".join(f["what"] for f in refused.json["findings"])
    reports.must("register", "--retire", "--env", "blue", "--version", "7", code=3)  # it is live
    reports.models(blue=REPORTS.replace("    name: Mapped[str | None] = mapped_column(Text)\n", ""))
    reports.must("register", "--env", "blue", "--version", "8", "--source", reports.spec("blue"))
    shop.must("contract", "--drained", "it is")
    assert [v["lacks"] for v in shop.must("matrix").json["services"][0]["versions"]] == [[]]


def test_what_holds_no_session_says_that_it_is_alive(shop: Project) -> None:
    shop.must("switch")
    done = shop.must("register", "--env", "blue", "--heartbeat", "nightly-report", "--for", "26h")
    assert done.json["heartbeat"] == "nightly-report"
    refused = shop.must("contract", code=6)
    assert refused.codes == {"BGM995"}
    assert "nightly-report, alive until" in refused.json["findings"][0]["what"]
    assert [b["name"] for b in shop.must("matrix").json["services"][0]["versions"][0]["heartbeats"]] == ["nightly-report"]
    shop.must("register", "--env", "blue", "--heartbeat", "nightly-report", "--for", "0s")  # its last run has ended
    shop.must("contract")


def test_retired_is_gone_with_its_heartbeats(shop: Project) -> None:
    shop.must("switch")
    shop.must("register", "--env", "blue", "--heartbeat", "sleeper")
    shop.must("contract", code=6)
    shop.must("register", "--retire", "--env", "blue")
    assert "BGM995" not in shop.call("contract").out
