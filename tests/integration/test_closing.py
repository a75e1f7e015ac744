"""What the closing check finds, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bgmigrate import journal
from bgmigrate.database import Connection, connect
from bgmigrate.ops import SynchronizeColumns
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.closing import disagreements


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations on a database with a journal."""
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        runtime = Runtime(c, database, Settings(directory=Path()), Progress(-1), {})
        runtime.revision = "r"
        yield runtime


def found(c: Connection) -> list[tuple[str | None, str]]:
    """(column, what) of each finding; all have the code of the closing check."""
    findings = disagreements(c)
    assert {f.code for f in findings} <= {"BGM907"}
    return [(f.column, f.what) for f in findings]


def test_a_pair_that_says_two_things_is_found_with_its_keys(on: Runtime) -> None:
    c = on.connection
    c.execute('CREATE TABLE "My people" (id serial PRIMARY KEY, old text)')
    SynchronizeColumns("My people", "zz_sync", add={"new": "text"}, forward={"new": "old"}, backward={"old": "new"}).run(on)
    c.execute("""INSERT INTO "My people" (old) VALUES ('a'), ('b'), (NULL)""")
    assert found(c) == []
    c.execute('ALTER TABLE "My people" DISABLE TRIGGER zz_sync')
    c.execute("""UPDATE "My people" SET new = 'other' WHERE id = 2""")
    assert found(c) == [("new", "1 row(s) of My people: new does not say what old says (keys 2)")]


def test_a_required_column_without_a_value_is_found(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, name text)")
    c.execute("INSERT INTO t (name) VALUES ('there before the trigger')")
    SynchronizeColumns("t", "zz_sync", add={"tag": "text"}, forward={"tag": "name"}, required=["tag"]).run(on)
    assert found(c) == [("tag", "1 row(s) of t: tag has no value yet (keys 1)")]


def test_blues_value_that_forward_could_not_take_is_found_and_greens_own_null_is_not(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, age text)")
    SynchronizeColumns("t", "zz_sync", add={"years": "integer"}, forward={"years": "age::integer"}).run(on)
    c.execute("INSERT INTO t (age) VALUES ('12'), ('unknown'), (NULL)")
    c.execute("UPDATE t SET years = NULL WHERE age = '12'")
    assert found(c) == [("years", "1 row(s) of t: years could not be computed (age::integer) (keys 2)")]


def test_a_pair_whose_forward_fails_is_a_finding_and_not_a_failure(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, age text)")
    SynchronizeColumns("t", "zz_sync", add={"years": "integer"}, forward={"years": "age::integer"}, backward={"age": "years::text"}).run(on)
    c.execute("INSERT INTO t (age) VALUES ('unknown'), ('7')")
    c.execute("INSERT INTO t (years) VALUES (8)")
    assert [column for column, _ in found(c)] == ["years"]
    c.execute("UPDATE t SET age = '9' WHERE age = 'unknown'")
    assert found(c) == []
