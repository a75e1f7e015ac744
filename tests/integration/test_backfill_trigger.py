"""The trigger returns at once for what a backfill writes itself, where it would find all in order; for whatever else is written it does its work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bgmigrate import journal
from bgmigrate.database import Connection, connect
from bgmigrate.ops import BackfillRows, SynchronizeColumns
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings

NAME = "zz_bgm_t"
RENAME = SynchronizeColumns("t", NAME, add={"label": "text"}, forward={"label": "name"}, backward={"name": "label"})
# what the application does with a row that is written, to another row
LAST = """
CREATE FUNCTION last() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.id < 1000 THEN UPDATE t SET name = 'after ' || NEW.id WHERE id = 1000; END IF; RETURN NULL;
END $$;
CREATE TRIGGER last AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION last();
"""
# … and to the row itself
TRIM = """
CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := trim(NEW.name); RETURN NEW; END $$;
CREATE TRIGGER trimmed BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION trimmed();
"""


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """A thousand rows, and what an expand runs with."""
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        c.execute("CREATE TABLE t (id int PRIMARY KEY, name text)")
        c.execute("INSERT INTO t SELECT i, ' name ' || i FROM generate_series(1, 1000) i")
        runtime = Runtime(c, database, Settings(directory=Path()), Progress(-1), {})
        runtime.revision = "r"
        yield runtime


def apart(c: Connection) -> int:
    """Rows in which the two names differ."""
    row = c.execute("SELECT count(*) FROM t WHERE name IS DISTINCT FROM label").fetchone()
    assert row is not None
    return int(row[0])


def spares(c: Connection) -> bool:
    """Does the trigger look who writes?"""
    return "bgmigrate.backfill" in source(c)


def source(c: Connection) -> str:
    """Its function's text."""
    row = c.execute("SELECT pg_get_functiondef(%s::regproc)", [f"bgmigrate.{NAME}"]).fetchone()
    assert row is not None
    return str(row[0])


def at_its_end(c: Connection, statement: str) -> None:
    """Have it run a statement where its work is done."""
    before, end, after = source(c).rpartition("    RETURN NEW;")
    c.execute(f"{before}{statement};{end}{after}".encode())


@pytest.mark.parametrize("backfill", [BackfillRows("t", missing={"label": "name"}), BackfillRows("t", follow={"label": "name"})], ids=["missing", "follow"])
def test_it_does_nothing_for_what_a_backfill_writes(on: Runtime, backfill: BackfillRows) -> None:
    c = on.connection
    RENAME.run(on)
    at_its_end(c, "RAISE 'at work'")
    backfill.run(on)
    assert apart(c) == 0
    with pytest.raises(Exception, match="at work"):
        c.execute("UPDATE t SET label = 'mine' WHERE id = 1")


def test_what_the_applications_trigger_writes_meanwhile_is_kept_in_step(on: Runtime) -> None:
    c = on.connection
    c.execute(LAST)
    RENAME.run(on)
    assert spares(c)
    BackfillRows("t", missing={"label": "name"}).run(on)
    assert apart(c) == 0
    assert c.execute("SELECT label ~ '^after' FROM t WHERE id = 1000").fetchone() == (True,)


def test_beside_a_trigger_of_the_application_that_changes_the_row_it_is_called(on: Runtime) -> None:
    c = on.connection
    c.execute(TRIM)
    RENAME.run(on)
    assert not spares(c)
    BackfillRows("t", missing={"label": "name"}).run(on)
    assert apart(c) == 0


@pytest.mark.parametrize(
    ("sync", "backfill"),
    [
        pytest.param(
            SynchronizeColumns("t", NAME, add={"label": "text", "size": "int"}, forward={"label": "name", "size": "length(label)"}, backward={"name": "label"}),
            BackfillRows("t", missing={"label": "name", "size": "length(label)"}), id="computed from another new column",
        ),
        pytest.param(
            SynchronizeColumns("t", NAME, add={"label": "text", "shown": "text"}, forward={"label": "name"}, backward={"name": "label"},
                               mirror={"shown": "label"}),
            BackfillRows("t", missing={"label": "name"}), id="a mirror",
        ),
        pytest.param(RENAME, BackfillRows("t", missing={"label": "upper(name)"}), id="not what the trigger gives"),
    ],
)
def test_where_it_has_something_to_do_it_does_it(on: Runtime, sync: SynchronizeColumns, backfill: BackfillRows) -> None:
    c = on.connection
    sync.run(on)
    at_its_end(c, "IF NEW.id = 1000 THEN CREATE TABLE called (); END IF")
    backfill.run(on)
    assert c.execute("SELECT to_regclass('called') IS NOT NULL").fetchone() == (True,)


def test_one_that_a_backfill_does_not_call_does_not_look(on: Runtime) -> None:
    SynchronizeColumns("t", NAME, add={"label": "text"}, forward={"label": "upper(name)"}).run(on)
    assert not spares(on.connection)
