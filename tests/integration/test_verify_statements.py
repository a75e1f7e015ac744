"""What the services really send: taken from a file, a log or pg_stat_statements, and parsed on the schema that is and the one that will be."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from bgmigrate.errors import ConfigurationError
from bgmigrate.verify import sent
from bgmigrate.verify.sent import Sent, Traffic
from tests.integration.verifying import SHOP, Bench, errors
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path) -> Bench:
    return Bench(tmp_path, database, server.url)


def file(bench: Bench, text: str, name: str = "sent.sql") -> str:
    (bench.directory / name).write_text(text, encoding="utf-8")
    return str(bench.directory / name)


JOINED = "SELECT status, note FROM users JOIN orders ON user_id = users.id"
WITH_NOTE = SHOP.replace("    total: Mapped", "    note: Mapped[str | None] = mapped_column(Text)\n    total: Mapped")


def test_what_runs_is_no_finding(bench: Bench) -> None:
    bench.build(SHOP)
    report = bench.verify(blue=SHOP, statements=[file(bench, "SELECT name FROM users; INSERT INTO tags VALUES ('a;b'); -- SELECT nothing;\n")])
    assert (report.outcome, report.findings) == ("passed", ())
    assert [p["checked"] for p in report.extra["probes"] if p["probe"] == "statements"] == [2]


def test_a_name_that_became_ambiguous_breaks_a_statement_that_no_mapper_sends(bench: Bench) -> None:
    bench.build(WITH_NOTE, "ALTER TABLE users ADD COLUMN note text")
    green = WITH_NOTE.replace("    orders: Mapped", "    note: Mapped[str | None] = mapped_column(Text)\n    orders: Mapped")
    found = errors(bench.verify(blue=WITH_NOTE, green=green, statements=[f"blue={file(bench, JOINED)}"]))
    assert [(f.code, f.version, f.probe) for f in found] == [("BGM801", "blue", "statements")]
    assert "ambiguous" in found[0].what
    assert JOINED in found[0].what


def test_what_never_ran_on_the_versions_own_schema_is_no_break(bench: Bench) -> None:
    bench.build(SHOP)
    report = bench.verify(blue=SHOP, statements=[file(bench, "SELECT gone FROM users; SELECT * FROM nowhere")])
    assert report.outcome == "passed"
    assert {(f.code, f.severity) for f in report.findings} == {("BGM807", "info")}


@pytest.mark.parametrize(("configured", "fails"), [(None, True), (False, False), ("handled", False)])
def test_a_star_that_returns_more_than_before_breaks_drivers_that_prepare(bench: Bench, configured: bool | str | None, fails: bool) -> None:
    bench.build(WITH_NOTE)
    bench.environments = {"blue": {"prepared_statements": configured}}
    report = bench.verify(blue=SHOP, green=WITH_NOTE, statements=[f"blue={file(bench, 'SELECT * FROM orders WHERE id = $1')}"])
    assert [(f.code, f.severity) for f in report.findings] == [("BGM214", "error" if fails else "info")]


def test_a_driver_that_does_not_prepare_goes_on(bench: Bench) -> None:
    bench.build(WITH_NOTE)
    bench.environments = {"blue": {"driver": "psycopg2"}}
    report = bench.verify(blue=SHOP, green=WITH_NOTE, statements=[f"blue={file(bench, 'SELECT * FROM orders')}"])
    assert [(f.code, f.severity) for f in report.findings] == [("BGM214", "info")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("server.log", ("2026-01-01 UTC [1] LOG:  execute <unnamed>: SELECT name,\n\tid FROM users\n2026-01-01 UTC [1] DETAIL:  parameters: $1 = '1'\n"
                       "2026-01-01 UTC [1] LOG:  duration: 0.1 ms  statement: SELECT 1\n2026-01-01 UTC [1] LOG:  checkpoint starting: time\n")),
        ("server.json", '{"message": "execute a: SELECT name,\\nid FROM users"}\n{"message": "duration: 0.1 ms  statement: SELECT 1"}\n{"message": "hello"}\n'),
        ("server.csv", ",".join(["x"] * 13) + ',"execute a: SELECT name,\nid FROM users",x\n' + ",".join(["x"] * 13) + ',"duration: 0.1 ms  statement: SELECT 1",x\n'),
    ],
)
def test_logs_are_read_in_each_format(bench: Bench, name: str, text: str) -> None:
    found = sent.handed_over([f"green={file(bench, text, name)}"])
    assert [(s.text, s.environment) for s in found] == [("SELECT name,\nid FROM users", "green"), ("SELECT 1", "green")]


def test_a_file_that_is_not_there_stops_it_before_anything_runs(bench: Bench) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        bench.verify(blue=SHOP, statements=["nowhere.sql"])


def test_counters_of_the_server_are_read_by_role(bench: Bench) -> None:
    with psycopg.connect(bench.url, autocommit=True) as c:
        loaded = c.execute("SELECT current_setting('shared_preload_libraries')").fetchone()
        assert loaded is not None
        if "pg_stat_statements" not in loaded[0]:
            c.execute("CREATE SCHEMA counters")
            c.execute("CREATE EXTENSION pg_stat_statements SCHEMA counters")
            assert sent.counted(c, {}) == Traffic()  # created, and not loaded: nothing is known, and nothing fails
            return
        c.execute("CREATE EXTENSION pg_stat_statements")
        c.execute("CREATE TABLE seen (id int)")
        c.execute("SELECT id FROM seen")
        user = c.info.user
        assert Sent(text="SELECT id FROM seen", role=user, environment="blue") in sent.counted(c, {user: "blue"}).statements
