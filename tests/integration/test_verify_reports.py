"""`verify` as files and annotations, and `report`: what the journal keeps of a verification, shown again."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as xml

import psycopg
import pytest

import bgmigrate
from bgmigrate.settings import load
from tests.integration.shop import BLUE, GREEN
from tests.integration.verifying import SHOP, Bench
from tests.project import Project
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def live(project: Project) -> Project:
    """Blue is live and green's expand is applied."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue()
    project.must("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    return project


def specs(project: Project) -> tuple[str, ...]:
    return "--blue", project.spec("blue"), "--green", project.spec("green")


def test_each_probe_counts_by_table_and_a_page_and_a_junit_file_say_the_same(server: Server, database: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path, database, server.url)
    bench.build(SHOP, "ALTER TABLE users ADD COLUMN \"<b>\" text NOT NULL", "DROP TABLE order_tags")
    report = bench.verify(blue=SHOP, green=SHOP, report=[tmp_path / "out.html", tmp_path / "out.xml"])
    for probe in report.extra["probes"]:
        tables = probe["tables"].values()
        assert sum(t["checked"] for t in tables) == probe["checked"], probe
        assert sum(t["failed"] for t in tables) == probe["failed"], probe
    trip = next(p for p in report.extra["probes"] if p["probe"] == "roundtrip")
    assert trip["tables"]["users"]["failed"]
    assert set(trip["tables"]["tags"]) == {"checked", "failed", "inconclusive"}
    text = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert 'class="failed" title="blue, round trip (psycopg), users: failed"' in text
    assert 'class="failed" title="green, shape, order_tags: failed"' in text
    assert "INSERT INTO users" in text
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    suites = {s.get("name"): s for s in xml.parse(tmp_path / "out.xml").getroot()}
    assert suites.keys() == {"blue", "green"}
    failed = {(c.get("classname"), c.get("name")) for c in suites["blue"].iter("testcase") if c.find("failure") is not None}
    assert ("blue.roundtrip (psycopg)", "users") in failed
    assert ("blue.shape", "order_tags") in failed
    assert ("blue.roundtrip (psycopg)", "tags") not in failed


def test_keys_statements_and_commands_are_told_of_their_own_everywhere(server: Server, database: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path, database, server.url, verifying={"blue_command": "false", "green_command": "true"})
    bench.build(SHOP, "ALTER TABLE users DROP COLUMN name")
    (tmp_path / "sent.sql").write_text("SELECT name FROM users; SELECT label FROM tags; SELECT 1; SELECT tag FROM order_tags JOIN orders ON true;")
    sent = [f"blue={tmp_path / 'sent.sql'}"]
    report = bench.verify(blue=SHOP, green=SHOP, statements=sent, report=[tmp_path / "out.html", tmp_path / "out.xml"])
    probes = {(p["probe"], p["version"]): p for p in report.extra["probes"]}
    tables = {"orders", "order_tags", "tags", "users"}
    assert {t: c["checked"] for t, c in probes["identity", "green"]["tables"].items()} == dict.fromkeys(tables, 1)
    counts = {t: (c["checked"], c["failed"]) for t, c in probes["statements", "blue"]["tables"].items()}
    assert counts == {"users": (1, 1), "tags": (1, 0), "": (2, 0)}
    assert ("statements", "green") not in probes
    assert [probes["command", v]["checked"] for v in ("blue", "green")] == [1, 1]
    text = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert 'class="failed" title="blue, statements, users: failed"' in text
    assert 'class="passed" title="blue, identity, orders: passed"' in text
    assert 'class="inconclusive" title="blue, command, the schema as a whole: inconclusive"' in text
    cases = {(c.get("classname"), c.get("name")): c for c in xml.parse(tmp_path / "out.xml").iter("testcase")}
    assert cases["blue.statements", "users"].find("failure") is not None
    assert cases["blue.statements", "tags"].find("failure") is None
    assert cases["green.command", "the schema as a whole"].find("skipped") is None
    assert {t for c, t in cases if c == "blue.identity"} == tables


def test_a_report_that_cannot_be_written_is_an_error_before_anything_runs(live: Project) -> None:
    for name in ("evidence.pdf", "nowhere/evidence.html"):
        result = live.must("verify", *specs(live), "--report", "ok.xml", "--report", name, code=2)
        assert name.rpartition("/")[2] in result.json["what"]
        assert "round trip" not in result.err
    assert not (live.directory / "ok.xml").exists()


def test_findings_annotate_a_workflow_run(live: Project) -> None:
    live.sql("ALTER TABLE users ADD COLUMN wanted text NOT NULL DEFAULT ''; ALTER TABLE users ALTER wanted DROP DEFAULT")
    said = live.call("verify", *specs(live), "--github", json=False)
    assert said.code == 3
    assert "\n::error title=BGM801 users.wanted (blue)::blue's INSERT of users fails" in said.out
    result = live.call("verify", *specs(live), "--github")
    assert result.json["outcome"] == "failed"
    assert "::error title=BGM801" in result.err
    assert "::error" not in live.call("verify", *specs(live), "--no-github").err


def test_where_github_runs_us_a_version_that_does_not_load_is_annotated_too(live: Project) -> None:
    live.environ["GITHUB_ACTIONS"] = "true"
    said = live.call("verify", "--green", "path:nowhere#models:Base", json=False)
    assert said.code == 2
    assert said.out.startswith("::error title=BGM922")


def document(project: Project) -> dict[str, Any]:
    ((found,),) = project.sql("SELECT document FROM bgmigrate.evidence ORDER BY id DESC LIMIT 1")
    assert isinstance(found, dict)
    return found


def test_the_record_says_what_was_checked_how_much_of_it_and_with_what(live: Project) -> None:
    live.environ["BGMIGRATE_VERIFY__EXPIRES"] = "1h"
    report = live.must("verify", *specs(live)).json
    kept = document(live)
    assert kept["fingerprint"] == report["fingerprint"]
    assert kept["expires"] == 3600
    assert kept["checked"] == report["checked"]
    assert all(kept["checked"][k] > 0 for k in ("tables", "statements", "rows"))
    software = kept["software"]
    assert software["bgmigrate"] == {"bgmigrate": bgmigrate.__version__, "python": platform.python_version()}
    with psycopg.connect(live.url) as c:
        row = c.execute("SHOW server_version").fetchone()
    assert row is not None
    assert software["live"]["postgresql"] == software["scratch"]["postgresql"] == row[0].split(" ")[0]
    for version in ("blue", "green"):
        assert software[version]["python"] == platform.python_version()
        assert software[version]["sqlalchemy"]
        assert software[version]["psycopg"] == psycopg.__version__
    trip = next(p for p in kept["probes"] if p["probe"] == "roundtrip")
    assert trip["tables"]["users"]["statements"]["INSERT"] >= 2
    told = live.must("status").json["evidence"]
    assert told["checked"] == kept["checked"]
    assert told["expires_at"] > told["recorded_at"]
    assert "expires" in live.call("status", json=False).out


def test_report_shows_the_last_evidence_again(live: Project) -> None:
    live.must("verify", *specs(live), "--report", "first.html")
    result = live.must("report", "-o", "again.html").json
    assert result["evidence"]["fresh"] is True
    assert result["path"] == "again.html"
    first, again = ((live.directory / name).read_text(encoding="utf-8") for name in ("first.html", "again.html"))
    assert again.count('<td class="passed"') == first.count('<td class="passed"') > 0
    assert "fresh" in again
    assert live.call("report", json=False).out.startswith("<!doctype html>")
    live.sql("ALTER TABLE users ADD COLUMN later text")
    live.must("report", "-o", "junit.xml")
    assert xml.parse(live.directory / "junit.xml").getroot()[0].get("name") == "blue"
    assert live.must("report").json["evidence"]["fresh"] is False
    assert bgmigrate.report(load(directory=live.directory, environ=live.environment())).outcome == "done"


def test_report_of_nothing_is_4_and_says_what_to_run(live: Project) -> None:
    result = live.must("report", code=4)
    assert result.codes == {"BGM908"}
    assert result.json["next"] == "bgmigrate verify"


def test_report_on_a_database_without_a_journal_is_4_too(project: Project) -> None:
    assert project.must("report", code=4).codes == {"BGM908"}
    project.must("report", "-o", "evidence.doc", code=2)


def test_a_table_whose_rows_need_a_broken_one_was_not_tried_and_has_not_passed(server: Server, database: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path, database, server.url)
    bench.build(SHOP, "ALTER TABLE users ADD COLUMN wanted text NOT NULL")
    report = bench.verify(blue=SHOP, report=[tmp_path / "out.html", tmp_path / "out.xml"])
    trip = next(p for p in report.extra["probes"] if p["probe"] == "roundtrip")
    assert trip["tables"]["orders"] == {"checked": 0, "failed": 0, "inconclusive": 0}
    assert trip["checked"] == sum(t["checked"] for t in trip["tables"].values())
    assert 'class="not-tried" title="blue, round trip (psycopg), orders: not tried"' in (tmp_path / "out.html").read_text(encoding="utf-8")
    (suite,) = xml.parse(tmp_path / "out.xml").getroot()
    assert {c.get("name") for c in suite.iter("testcase") if c.find("skipped") is not None} >= {"orders"}
