"""What takes the place of a NULL in a column of both versions: of NULLs only, whoever writes, and never as an error in blue's face."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bgmigrate import journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Refused
from bgmigrate.ops import BackfillRows, StopSynchronizing, SynchronizeColumns
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.closing import disagreements


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations on a database with a journal, and a table in which `by` is filled from `name`."""
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        c.execute('CREATE TABLE "People" (id serial PRIMARY KEY, name text, "by" text, years text, age int)')
        c.execute("""INSERT INTO "People" (name, "by") VALUES ('ann', NULL), ('bob', 'set'), (NULL, NULL)""")
        runtime = Runtime(c, database, Settings(directory=Path()), Progress(-1), {})
        runtime.revision = "r"
        SynchronizeColumns("People", "zz_bgm_sync", fill={"by": "upper(name)", "age": "years::int"}).run(runtime)
        yield runtime


def rows(c: Connection) -> list[tuple[object, ...]]:
    """(name, by, age) in the order of keys."""
    return c.execute('SELECT name, "by", age FROM "People" ORDER BY id').fetchall()


def test_nulls_are_filled_and_nothing_else_is_touched(on: Runtime) -> None:
    c = on.connection
    c.execute("""INSERT INTO "People" (name, "by") VALUES ('eve', NULL), ('max', 'own')""")
    c.execute("""UPDATE "People" SET name = 'Zoe' WHERE name IN ('eve', 'max', 'bob')""")
    assert rows(c) == [("ann", None, None), ("Zoe", "set", None), (None, None, None), ("Zoe", "EVE", None), ("Zoe", "own", None)]
    c.execute("""UPDATE "People" SET "by" = NULL WHERE id IN (2, 5)""")
    assert [r[1] for r in rows(c)] == [None, "ZOE", None, "EVE", "ZOE"]
    BackfillRows("People", missing={"by": "upper(name)"}).run(on)
    assert [r[1] for r in rows(c)] == ["ANN", "ZOE", None, "EVE", "ZOE"]


def test_a_value_that_cannot_be_computed_is_no_error_and_comes_later(on: Runtime) -> None:
    c = on.connection
    c.execute("""INSERT INTO "People" (name, years) VALUES ('eve', 'unknown')""")
    assert rows(c)[-1] == ("eve", "EVE", None)
    c.execute("""UPDATE "People" SET years = '9' WHERE name = 'eve'""")
    assert rows(c)[-1] == ("eve", "EVE", 9)


def test_nulls_that_are_left_keep_contract_shut(on: Runtime) -> None:
    c = on.connection
    c.execute("""UPDATE "People" SET age = 1""")
    assert [(f.column, f.what) for f in disagreements(c).findings] == [("by", "1 row(s) of People: by has no value yet (keys 3)")]


def test_it_shares_the_trigger_of_other_rules_and_comes_before_them(on: Runtime) -> None:
    c = on.connection
    first = SynchronizeColumns("People", "zz_bgm_sync", fill={"by": "upper(name)"})
    second = SynchronizeColumns("People", "zz_bgm_sync", add={"shown": "text"}, forward={"shown": '"by" || \'!\''})
    both = first.merge(second)
    assert both
    both.run(on)
    c.execute("""INSERT INTO "People" (name) VALUES ('eve')""")
    assert c.execute('SELECT "by", shown FROM "People" ORDER BY id DESC LIMIT 1').fetchone() == ("EVE", "EVE!")
    StopSynchronizing("People", "zz_bgm_sync", drop=["shown"]).run(on)
    c.execute("""INSERT INTO "People" (name) VALUES ('eve')""")
    assert rows(c)[-1] == ("eve", None, None)


def test_an_expression_that_the_server_refuses_changes_nothing(on: Runtime) -> None:
    with pytest.raises(Refused, match="no_such"):
        SynchronizeColumns("People", "zz_bgm_sync", fill={"by": "no_such(name)"}).run(on)
    on.connection.execute("""INSERT INTO "People" (name) VALUES ('eve')""")
    assert rows(on.connection)[-1] == ("eve", "EVE", None)
