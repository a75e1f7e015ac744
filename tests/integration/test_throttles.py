"""Every throttle stops the next batch and lets go again, on a real server and as an ordinary role; and what it does when it cannot see."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest

from bgmigrate.backfill.throttles import Throttles, configured
from bgmigrate.backfill.throttles.every import Watched
from bgmigrate.backfill.throttles.wal_rate import WalRate
from bgmigrate.database import Connection, connect
from bgmigrate.settings import ExpandSettings
from tests.integration.until import until
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)

OFF = {"yield_to_waiting": False, "yield_to_wraparound": False, "max_replica_lag": 0.0}


def only(**setting: object) -> ExpandSettings:
    """Settings with one throttle."""
    return ExpandSettings(**{**OFF, **setting})  # type: ignore[arg-type]


def throttles(table: str = "public.users", **setting: object) -> Throttles:
    """One throttle that is asked each time."""
    return configured(only(**setting), table=table, interval=0.0)


@pytest.fixture
def admin(database: str) -> Iterator[Connection]:
    """A superuser's connection to a database with a table."""
    with connect(database, purpose="test") as c:
        c.execute("CREATE TABLE users (id int PRIMARY KEY, name text)")
        c.execute("INSERT INTO users VALUES (1, 'a')")
        yield c


@pytest.fixture
def role(admin: Connection) -> Iterator[str]:
    """An ordinary role, as services have."""
    admin.execute("DROP ROLE IF EXISTS bgm_ordinary")
    admin.execute("CREATE ROLE bgm_ordinary LOGIN")
    admin.execute("GRANT ALL ON SCHEMA public TO bgm_ordinary; GRANT ALL ON users TO bgm_ordinary")
    yield "bgm_ordinary"
    admin.execute("DROP OWNED BY bgm_ordinary; DROP ROLE bgm_ordinary")


@pytest.fixture
def ours(database: str, role: str) -> Iterator[Connection]:
    """Our connection, as the ordinary role."""
    with connect(database.replace("postgres@", f"{role}@"), purpose="backfill users") as c:
        yield c


@contextlib.contextmanager
def busy(url: str, statement: str, **options: str) -> Iterator[psycopg.Connection]:
    """A session that is running a statement for as long as the block."""
    with psycopg.connect(url, autocommit=True, **options) as c:  # type: ignore[arg-type]
        runs = threading.Thread(target=lambda: _quietly(c, statement))
        runs.start()
        try:
            yield c
        finally:
            c.cancel_safe()
            runs.join()


def _quietly(c: psycopg.Connection, statement: str) -> None:
    with contextlib.suppress(psycopg.errors.QueryCanceled):
        c.execute(statement.encode())


def test_a_session_that_waits_for_a_running_batch_stops_the_next_one(ours: Connection, database: str, role: str) -> None:
    found = throttles(yield_to_waiting=True)
    with connect(database.replace("postgres@", f"{role}@"), purpose="backfill users") as batch:
        with batch.transaction():
            batch.execute("UPDATE users SET name = 'b'")
            assert found.wait_reason(ours) is None
            with busy(database, "UPDATE users SET name = 'c'") as waiter:
                until(lambda: found.wait_reason(ours) is not None, "the waiter is seen")
                assert found.wait_reason(ours) == (
                    f"pid {waiter.info.backend_pid} waits for a lock of a running batch (pid {batch.info.backend_pid}), the limit is none"
                    " (expand.yield_to_waiting)"
                )
                assert found.stopped_by == "waiting_sessions"
                others = configured(only(yield_to_waiting=True), table="public.users", pids=lambda: [ours.info.backend_pid], interval=0.0)
                assert others.wait_reason(ours) is None  # it waits for none of these
        until(lambda: found.wait_reason(ours) is None, "it goes on")
        assert found.stopped_by is None


def test_workers_of_ours_that_wait_for_each_other_stop_nobody(ours: Connection, database: str) -> None:
    with connect(database, purpose="backfill users") as batch, batch.transaction():
        batch.execute("UPDATE users SET name = 'b'")
        with busy(database, "UPDATE users SET name = 'c'", application_name="bgmigrate/backfill users"):
            until(lambda: ours.execute("SELECT FROM pg_locks WHERE NOT granted").fetchone() is not None, "it waits")
            assert throttles(yield_to_waiting=True).wait_reason(ours) is None


def test_a_slot_that_nobody_reads_stops_and_the_figure_is_its_own(ours: Connection, admin: Connection) -> None:
    found = throttles(max_slot_backlog=1 << 20)
    admin.execute("SELECT pg_create_physical_replication_slot('bgm_test_slot', true)")
    try:
        assert found.wait_reason(ours) is None
        admin.execute("CREATE TABLE wide AS SELECT repeat(md5(i::text), 40) AS t FROM generate_series(1, 3000) i")
        said = found.wait_reason(ours)
        assert said is not None and said.startswith("slot bgm_test_slot (nobody is connected to it) keeps ")
        assert said.endswith("of WAL, the limit is 1 MB (expand.max_slot_backlog)")
    finally:
        admin.execute("SELECT pg_drop_replication_slot('bgm_test_slot')")
    assert found.wait_reason(ours) is None


def test_the_rate_of_wal_stops_and_lets_go_when_it_has_fallen(ours: Connection, admin: Connection) -> None:
    now = [100.0]
    found = WalRate(1 << 20, clock=lambda: now[0])
    assert found.reason(ours) is None  # nothing to compare with
    admin.execute("CREATE TABLE wide AS SELECT repeat(md5(i::text), 40) AS t FROM generate_series(1, 3000) i")
    now[0] += 1
    assert "of WAL a second, the limit is 1 MB (expand.max_wal_rate)" in (found.reason(ours) or "")
    for _ in range(6):
        now[0] += 1
        last = found.reason(ours)
    assert last is None


def test_active_sessions_stop_and_an_ordinary_role_is_told_what_to_grant(ours: Connection, admin: Connection, database: str, role: str) -> None:
    found = throttles(max_active_sessions=1)
    assert found.wait_reason(ours) == (
        "active_sessions cannot be observed: other roles' sessions are hidden from this role;"
        " GRANT pg_monitor TO bgm_ordinary, or remove expand.max_active_sessions"
    )
    admin.execute("GRANT pg_monitor TO bgm_ordinary")
    assert found.wait_reason(ours) is None
    with busy(database, "SELECT pg_sleep(60)"), busy(database, "SELECT pg_sleep(60)"):
        until(lambda: found.wait_reason(ours) == "2 sessions are active, the limit is 1 (expand.max_active_sessions)", "both are seen")
    until(lambda: found.wait_reason(ours) is None, "it goes on")


def test_free_disk_is_seen_where_the_server_runs_here(ours: Connection, admin: Connection) -> None:
    most = configured(only(min_free_disk=1 << 60), table="public.users", interval=0.0)
    assert "data_directory is hidden from this role; GRANT pg_monitor TO bgm_ordinary, or remove expand.min_free_disk" in (most.wait_reason(ours) or "")
    admin.execute("GRANT pg_monitor TO bgm_ordinary")
    assert (most.wait_reason(ours) or "").endswith("the limit is 1048576 TB (expand.min_free_disk)")
    assert throttles(min_free_disk=1).wait_reason(ours) is None


def test_a_server_elsewhere_has_no_disk_that_we_see(ours: Connection, admin: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    admin.execute("GRANT pg_monitor TO bgm_ordinary")
    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, *a, **k: "sshd" if str(self).startswith("/proc/") else read(self, *a, **k))
    assert (throttles(min_free_disk=1).wait_reason(ours) or "").startswith("disk cannot be observed: the server runs on another machine")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT true", "expand.throttle_query says so"),
        ("SELECT 't'::text", "expand.throttle_query says so"),
        ("SELECT name || ' is slow' FROM users", "a is slow (expand.throttle_query)"),
        ("SELECT 'a 100% full queue' WHERE 'x' LIKE '%'", "a 100% full queue (expand.throttle_query)"),
        ("SELECT false", None),
        ("SELECT NULL", None),
        ("SELECT ''", None),
        ("SELECT true WHERE false", None),
        ("SELECT 1", "sql cannot be observed: its first column is 1, neither a boolean nor a text; remove expand.throttle_query"),
        ("SELECT nothing", 'sql cannot be observed: column "nothing" does not exist; remove expand.throttle_query'),
        ("DELETE FROM users", "sql cannot be observed: cannot execute DELETE in a read-only transaction; remove expand.throttle_query"),
        ("SELECT FROM pg_authid", "sql cannot be observed: permission denied for table pg_authid; remove expand.throttle_query"),
    ],
)
def test_a_query_of_the_users_decides(ours: Connection, query: str, said: str | None) -> None:
    assert throttles(throttle_query=query).wait_reason(ours) == said
    assert ours.execute("SELECT count(*) FROM users").fetchone() == (1,)


def test_a_query_that_does_not_answer_stops(ours: Connection) -> None:
    assert throttles(throttle_query="SELECT pg_sleep(30)").wait_reason(ours) == (
        "sql cannot be observed: the server has not answered within 2 s; remove expand.throttle_query"
    )


def test_a_lost_connection_is_the_callers_to_mend(ours: Connection, admin: Connection) -> None:
    admin.execute("SELECT pg_terminate_backend(%s, 5000)", [ours.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        throttles(throttle_query="SELECT false").wait_reason(ours)


def test_a_go_ahead_counts_for_an_interval_and_a_stop_for_no_time(ours: Connection, admin: Connection) -> None:
    found = configured(only(throttle_query="SELECT name FROM users WHERE name <> 'a'"), table="public.users", interval=3600.0)
    assert found.wait_reason(ours) is None
    admin.execute("UPDATE users SET name = 'b'")
    assert found.wait_reason(ours) is None
    again = configured(only(throttle_query="SELECT name FROM users WHERE name <> 'a'"), table="public.users", interval=3600.0)
    assert again.wait_reason(ours) == "b (expand.throttle_query)"
    admin.execute("UPDATE users SET name = 'a'")
    assert again.wait_reason(ours) is None


def test_workers_that_share_them_do_not_ask_the_server_more_often(database: str) -> None:
    class Counting:
        name: ClassVar[str] = "counting"
        setting: ClassVar[str] = "max_counting"
        asked = 0

        def reason(self, connection: Connection) -> str | None:
            """Take as long as a slow server."""
            Counting.asked += 1
            connection.execute("SELECT pg_sleep(0.1)")
            return None

    found = Throttles([Watched(throttle=Counting(), given=True)], interval=3600.0)
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(database, purpose="backfill")) for _ in range(4)]
        threads = [threading.Thread(target=found.wait_reason, args=[c]) for c in connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Counting.asked == 1


def test_what_nobody_set_is_on_where_it_can_be_seen(ours: Connection) -> None:
    assert configured(ExpandSettings(), table="public.users").names == ["waiting_sessions", "wraparound", "replica_lag"]
    assert configured(only(), table="public.users").names == []
    assert configured(ExpandSettings(), table="public.users").wait_reason(ours) is None


@pytest.mark.every_server
def test_all_of_them_are_understood_by_the_server(server: Server) -> None:
    everything = ExpandSettings(
        max_replica_lag=1e6, max_slot_backlog=1 << 50, max_archive_backlog=1 << 50, max_wal_rate=1 << 50, max_active_sessions=1000,
        throttle_query="SELECT false", yield_to_waiting=True, yield_to_wraparound=True,
        min_free_disk=1 if server.kind != "testcontainers" else None,
    )
    with connect(server.url, purpose="backfill") as c:
        assert configured(everything, table="pg_catalog.pg_class", interval=0.0).wait_reason(c) is None
