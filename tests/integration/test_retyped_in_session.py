"""A column gets another type under a session that has run the table's triggers before: their functions must not remember the old one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bgmigrate import journal
from bgmigrate.database import connect
from bgmigrate.ops import BackfillRows, ExchangeColumns, StopSynchronizing, SynchronizeColumns, WidenColumn
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings

TABLE = """
CREATE TABLE docs (id serial PRIMARY KEY, code varchar(20), facts json, hits integer, note text, said text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql COST 7 AS $$
BEGIN
    NEW.said := concat_ws(' ', NEW.code, NEW.facts, NEW.hits);
    RETURN NEW;
END $$;
CREATE TRIGGER tell BEFORE INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION tell();
"""
WRITES = (
    "INSERT INTO docs (code, facts, hits) VALUES ('a', '{}', 1)",
    "UPDATE docs SET code = 'b', facts = '[1]', hits = 2",
)


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations on a table that another release keeps in step already, and that has a trigger of the application's."""
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        runtime = Runtime(c, database, Settings(directory=Path()), Progress(-1), {})
        runtime.revision = "r"
        c.execute(TABLE.encode())
        SynchronizeColumns("docs", "zz_bgm_other", add={"remark": "text"}, forward={"remark": "upper(note)"}, backward={"note": "remark"}).run(runtime)
        yield runtime


def shadowed(on: Runtime, column: str, type_: str) -> None:
    shown = {"there": f"{column}::{type_}"}
    SynchronizeColumns("docs", "zz_bgm_own", add={"there": type_}, mirror=shown).run(on)
    BackfillRows("docs", follow=shown).run(on)


def widened(on: Runtime) -> None:
    WidenColumn("docs", "code", "text").run(on)


def exchanged(on: Runtime) -> None:
    shadowed(on, "facts", "jsonb")
    ExchangeColumns("docs", "zz_bgm_own", "facts", "there", type="jsonb", mirror="facts::json", made="there").run(on)


def swapped(on: Runtime) -> None:
    shadowed(on, "hits", "bigint")
    StopSynchronizing("docs", "zz_bgm_own", drop=["hits"], rename={"there": "hits"}).run(on)


@pytest.mark.every_server
@pytest.mark.parametrize("change", [widened, exchanged, swapped])
def test_a_session_that_has_run_the_triggers_goes_on(on: Runtime, database: str, change) -> None:  # type: ignore[no-untyped-def]
    with psycopg.connect(database, autocommit=True, prepare_threshold=None) as session:
        for write in WRITES:
            session.execute(write.encode())
        change(on)
        for write in WRITES:
            session.execute(write.encode())
    assert on.fetch("SELECT procost FROM pg_proc WHERE proname = 'tell'") == [(7.0,)]
