"""A version's own test command on a clone: what it says counts when it passes on the schema that the version was made for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.integration.verifying import SHOP, Bench, errors
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)

COUNTS = (
    "import os; from sqlalchemy import create_engine, text; e = create_engine(os.environ['DATABASE_URL']); c = e.connect(); "
    "c.execute(text(\"INSERT INTO users (name) VALUES ('a')\")); c.commit(); print('written')"
)


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path) -> Bench:
    return Bench(tmp_path, database, server.url)


def test_a_command_that_passes_is_a_probe_and_leaves_nothing(bench: Bench) -> None:
    bench.build(SHOP)
    bench.verifying = {"blue_command": [sys.executable, "-c", COUNTS]}
    report = bench.verify(blue=SHOP)
    assert (report.outcome, report.findings) == ("passed", ())
    assert [(p["probe"], p["checked"], p["failed"]) for p in report.extra["probes"] if p["probe"] == "command"] == [("command", 1, 0)]


def test_a_command_that_fails_only_on_this_schema_is_a_break(bench: Bench) -> None:
    bench.build(SHOP, "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.name = 'a' THEN RAISE 'not a'; END IF; RETURN NEW; END $$",
                "CREATE TRIGGER no BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION no()")
    bench.verifying = {"blue_command": [sys.executable, "-c", COUNTS]}
    found = [f for f in errors(bench.verify(blue=SHOP)) if f.probe == "command"]
    assert [f.code for f in found] == ["BGM811"]
    assert "not a" in found[0].what


@pytest.mark.parametrize("given", ["false", "/nowhere/to/be/found"])
def test_a_command_that_fails_everywhere_is_inconclusive(bench: Bench, given: str) -> None:
    bench.build(SHOP)
    bench.verifying = {"blue_command": given}
    report = bench.verify(blue=SHOP)
    assert (report.outcome, report.exit_code) == ("inconclusive", 4)
    assert [f.code for f in report.findings] == ["BGM806"]


def test_a_command_that_never_ends_is_stopped(bench: Bench) -> None:
    bench.build(SHOP)
    bench.verifying = {"blue_command": ["sleep", "600"], "command_timeout": 0.5}
    report = bench.verify(blue=SHOP)
    assert report.exit_code == 4
    assert "stopped after 0.5 s" in report.findings[0].what
