"""Transactions that stay: what waits for them says so, gives up in time with exit 5, and leaves nothing INVALID and nothing half done."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bgmigrate import following
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Conflict, Refused
from bgmigrate.ops import BuildIndex, RemoveIndex
from bgmigrate.ops.runtime import Runtime
from bgmigrate.settings import ExpandSettings, Settings
from tests.integration.said import Said
from tests.integration.shop import BASE
from tests.integration.until import until
from tests.project import Project

BLUE = BASE + '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
'''
INDEXED = BLUE + "    __table_args__ = (Index('ix_users_name', 'name'),)\n"
WIDER = BLUE + "    note: Mapped[str | None] = mapped_column(Text)\n"
BUILD = BuildIndex("t", "mine", "CREATE INDEX CONCURRENTLY mine ON t USING btree (id)")
INDEXES = "SELECT i.relname::text, x.indisvalid FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = '{}'::regclass AND NOT x.indisprimary"


@pytest.fixture
def c(database: str) -> Iterator[Connection]:
    with connect(database, purpose="test") as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int); INSERT INTO t VALUES (1)")
        yield connection


@contextlib.contextmanager
def holder(url: str, statement: str, *, snapshot: bool = False, old: float = 0.0) -> Iterator[psycopg.Connection]:
    """A transaction that has executed this and stays open, for so many seconds already."""
    with psycopg.connect(url, application_name="report") as other:
        if snapshot:
            other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        other.execute(statement.encode())
        if old:
            age = "SELECT extract(epoch FROM clock_timestamp() - xact_start)::float8 FROM pg_stat_activity WHERE pid = pg_backend_pid()"
            until(lambda: float((other.execute(age).fetchone() or (0.0,))[0]) > old, "the transaction is old")
        yield other
        other.rollback()


def runtime(c: Connection, url: str, seconds: float) -> tuple[Runtime, Said]:
    """A run whose index builds may wait for so long."""
    said = Said()
    settings = Settings(directory=Path.cwd(), service="shop", database_url=url, expand=ExpandSettings(index_lock_timeout=seconds))
    return Runtime(c, url, settings, said, {}), said


def indexes(c: Connection, table: str = "t") -> list[tuple[str, bool]]:
    return c.execute(INDEXES.format(table).encode()).fetchall()


def test_an_old_snapshot_of_another_table_is_waited_for(
    c: Connection, database: str, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    """Half a minute where all tests are run, else two seconds."""
    held = 30.0 if pytestconfig.getoption("--all") else 2.0
    monkeypatch.setattr(following, "LOOK", 0.1)
    on, said = runtime(c, database, 60.0)
    with holder(database, "SELECT * FROM other", snapshot=True) as other:
        build = threading.Thread(target=BUILD.run, args=[on])
        began = time.monotonic()
        build.start()
        until(lambda: any("waiting for old snapshots" in line and "(report, idle in transaction" in line for line in said.lines), "it is named")
        build.join(held - (time.monotonic() - began))
        assert build.is_alive(), "nothing was waited for"
        with connect(database, purpose="look") as look:  # the run's own connection is busy
            assert indexes(look) == [("mine", False)]
        other.rollback()
        build.join(30)
    assert indexes(c) == [("mine", True)]


def test_one_that_stays_is_named_and_nothing_invalid_is_left(c: Connection, database: str) -> None:
    on, _ = runtime(c, database, 0.5)
    with holder(database, "SELECT * FROM other", snapshot=True):
        with pytest.raises(Conflict) as refused:
            BUILD.run(on)
        assert indexes(c) == []
    assert "(report, idle in transaction, transaction" in refused.value.what and "keeps a snapshot" in refused.value.what
    assert [b["mode"] for b in refused.value.extra["blockers"]] == ["snapshot"]
    BUILD.run(on)
    assert indexes(c) == [("mine", True)]


def test_behind_a_writer_that_is_there_for_long_a_build_is_not_begun(c: Connection, database: str) -> None:
    """Begun, it could be neither ended nor dropped: PostgreSQL waits for the writer in both."""
    on, said = runtime(c, database, 0.5)
    with holder(database, "INSERT INTO t VALUES (2)", old=3.1):
        with pytest.raises(Conflict, match=r"\(report, idle in transaction, transaction \d+ s old\) holds RowExclusiveLock on t"):
            BUILD.run(on)
        assert indexes(c) == []
    assert any("not begun yet" in line for line in said.lines)
    BUILD.run(on)
    with holder(database, "SELECT * FROM t", old=3.1):  # a drop waits for readers as well
        with pytest.raises(Conflict, match="holds AccessShareLock on t"):
            RemoveIndex("t", "mine").run(on)
        assert indexes(c) == [("mine", True)]
    RemoveIndex("t", "mine").run(on)
    assert indexes(c) == []


def test_what_cannot_be_dropped_yet_is_told_and_the_next_run_goes_on(c: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that has only just come, and stays."""
    monkeypatch.setattr("bgmigrate.ops.indexes.CLEARED", 0.3)
    on, _ = runtime(c, database, 0.3)
    with holder(database, "INSERT INTO t VALUES (2)"):
        with pytest.raises(Conflict, match="index mine is INVALID, and cannot be dropped before these have ended") as refused:
            BUILD.run(on)
    assert refused.value.extra["blockers"][0]["application_name"] == "report"
    BUILD.run(on)
    assert indexes(c) == [("mine", True)]


@pytest.mark.exhaustive(turns=3)
@pytest.mark.parametrize(("green", "waits"), [(INDEXED, "INDEX_LOCK_TIMEOUT"), (WIDER, "LOCK_DEADLINE")], ids=["index", "strong lock"])
def test_expand_gives_up_names_them_and_goes_on_when_they_have_gone(project: Project, green: str, waits: str) -> None:
    project.models(blue=BLUE, green=green)
    project.start_blue("INSERT INTO users (name) VALUES ('a')")
    project.must("plan", "-m", "change", "--target", project.spec("green"))
    columns = "SELECT attname::text FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0"
    before = project.sql(INDEXES.format("users")), project.sql(columns)
    with holder(project.url, "INSERT INTO users (name) VALUES ('b')", old=3.1):
        result = project.run("expand", environ={f"BGMIGRATE_EXPAND__{waits}": "1s"})
        assert result.code == 5, result
        assert [(b["application_name"], b["relation"], b["mode"]) for b in result.json["blockers"]] == [("report", "users", "RowExclusiveLock")]
        assert (project.sql(INDEXES.format("users")), project.sql(columns)) == before
    assert project.must("expand").json["outcome"] == "done"
    after = project.sql(INDEXES.format("users")), project.sql(columns)
    assert after != before
    assert all(valid for _, valid in after[0])


@pytest.mark.every_server(extra=True)
def test_a_server_whose_concurrent_builds_lose_rows_builds_none(c: Connection, database: str) -> None:
    """PostgreSQL 14.0 to 14.3, one of which `make servers` has."""
    on, _ = runtime(c, database, 5.0)
    if not 140000 <= c.info.server_version < 140004:
        BUILD.run(on)
        assert indexes(c) == [("mine", True)]
        return
    with pytest.raises(Refused, match=r"14\.\d") as refused:
        BUILD.run(on)
    assert refused.value.findings[0].code == "BGM616"
    assert indexes(c) == []
