"""The throttles that need a cluster of their own: a standby that streams, an archiver, an autovacuum against wraparound."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import psycopg
import pytest

from bgmigrate.backfill.throttles import Throttles, configured
from bgmigrate.backfill.throttles.replica_lag import ReplicaLag
from bgmigrate.database import Connection, connect, named
from bgmigrate.settings import ExpandSettings
from bgmigrate.sql import compose
from tests.integration.test_throttles import only
from tests.integration.until import until
from tests.servers import Server
from tests.servers.cluster import Cluster, cluster

WIDE = "INSERT INTO wide SELECT repeat(md5(i::text), 40) FROM generate_series(1, 3000) i"
HIDDEN = "replica_lag cannot be observed: there are standbys, and their positions are hidden from this role; "


@pytest.fixture(scope="module")
def primary(server: Server) -> Iterator[Cluster]:
    """A cluster with an archiver that succeeds, an autovacuum that looks each second, and two roles."""
    if server.kind == "testcontainers":
        pytest.skip("its programs are in the container")
    with cluster(server, archive_mode="on", wal_level="logical", autovacuum_naptime="1s") as made:
        with psycopg.connect(made.url, autocommit=True) as c:
            c.execute("CREATE ROLE ordinary LOGIN; CREATE ROLE seeing LOGIN; GRANT pg_monitor TO seeing; CREATE TABLE wide (t text)")
            _set(c, archive_command="true")
        yield made


@pytest.fixture
def admin(primary: Cluster) -> Iterator[Connection]:
    """A superuser's connection."""
    with connect(primary.url, purpose="test") as c:
        yield c


@pytest.fixture
def ordinary(primary: Cluster) -> Iterator[Connection]:
    """Our connection, as a role without privileges."""
    with connect(primary.url.replace("postgres@", "ordinary@"), purpose="backfill") as c:
        yield c


@pytest.fixture
def seeing(primary: Cluster) -> Iterator[Connection]:
    """Our connection, as a role with pg_monitor."""
    with connect(primary.url.replace("postgres@", "seeing@"), purpose="backfill") as c:
        yield c


def throttles(**setting: object) -> Throttles:
    """One throttle that is asked each time."""
    return configured(only(**setting), table="public.wide", interval=0.0)


def test_a_paused_standby_stops_and_an_idle_or_caught_up_one_does_not(primary: Cluster, admin: Connection, seeing: Connection, ordinary: Connection) -> None:
    now = [100.0]
    found, ignoring = ReplicaLag(30.0, clock=lambda: now[0]), ReplicaLag(30.0, ["read*"], clock=lambda: now[0])
    assert found.reason(seeing) is None  # no standby at all
    assert throttles(max_replica_lag=30.0).wait_reason(ordinary) is None
    with primary.standby("reader") as standby, psycopg.connect(standby.url, autocommit=True) as reader:
        until(lambda: admin.execute("SELECT FROM pg_stat_replication WHERE state = 'streaming'").fetchone() is not None, "it streams")

        def after(seconds: float) -> str | None:
            now[0] += seconds
            assert ignoring.reason(seeing) is None
            return found.reason(seeing)

        def caught_up() -> bool:
            row = admin.execute("SELECT bool_and(replay_lsn >= pg_current_wal_flush_lsn()) FROM pg_stat_replication").fetchone()
            return row is not None and row[0]

        admin.execute(WIDE)
        until(caught_up, "it has replayed all")
        assert after(0) is None
        assert after(3600) is None  # idle, and whatever was measured last
        reader.execute("SELECT pg_wal_replay_pause()")
        until(lambda: reader.execute("SELECT pg_get_wal_replay_pause_state() = 'paused'").fetchone() == (True,), "it is paused")
        admin.execute(WIDE)
        assert after(1) is None  # just now
        assert after(29) is None
        said = after(2)
        assert said is not None and said.startswith("standby reader is 31.0 s (") and said.endswith("behind, the limit is 30 s (expand.max_replica_lag)")

        lines: list[str] = []
        default = configured(ExpandSettings(), table="public.wide", interval=0.0, say=lines.append)
        assert (default.wait_reason(ordinary), default.wait_reason(ordinary)) == (None, None)
        assert lines == [f"{HIDDEN}going on without it (GRANT pg_monitor TO ordinary, or expand.max_replica_lag = 0 turns it off)"]
        assert throttles(max_replica_lag=30.0).wait_reason(ordinary) == f"{HIDDEN}GRANT pg_monitor TO ordinary, or remove expand.max_replica_lag"

        reader.execute("SELECT pg_wal_replay_resume()")
        until(lambda: found.reason(seeing) is None, "it lets go when the standby has caught up")


def test_what_only_receives_wal_is_no_standby(admin: Connection, seeing: Connection, primary: Cluster) -> None:
    with primary.receiving():
        until(lambda: admin.execute("SELECT FROM pg_stat_replication WHERE state = 'streaming'").fetchone() is not None, "it streams")
        now = [0.0]
        found = ReplicaLag(1.0, clock=lambda: now[0])
        for _ in range(2):
            admin.execute(WIDE)
            assert found.reason(seeing) is None
            now[0] += 100


def test_a_subscriber_is_no_standby(admin: Connection, seeing: Connection, primary: Cluster) -> None:
    admin.execute("CREATE TABLE told (id int PRIMARY KEY); CREATE PUBLICATION told FOR TABLE told")
    admin.execute("CREATE DATABASE subscriber")
    admin.execute("SELECT pg_create_logical_replication_slot('told', 'pgoutput')")
    with connect(named(primary.url, "subscriber"), purpose="test") as subscriber:
        subscriber.execute("CREATE TABLE told (id int PRIMARY KEY)")
        subscriber.execute(compose("CREATE SUBSCRIPTION told CONNECTION {u:l} PUBLICATION told WITH (create_slot = false, copy_data = false)", u=primary.url).encode())
        try:
            until(lambda: admin.execute("SELECT FROM pg_stat_replication WHERE state = 'streaming'").fetchone() is not None, "it streams")
            now = [0.0]
            found = ReplicaLag(1.0, clock=lambda: now[0])
            with subscriber.transaction():
                subscriber.execute("LOCK told")  # it cannot apply what comes
                admin.execute("INSERT INTO told SELECT generate_series(1, 1000)")
                for _ in range(3):
                    assert found.reason(seeing) is None
                    now[0] += 100
                behind = admin.execute("SELECT replay_lsn < pg_current_wal_flush_lsn() FROM pg_stat_replication WHERE state = 'streaming'").fetchone()
                assert behind == (True,)
        finally:
            subscriber.execute("DROP SUBSCRIPTION told")
    admin.execute("DROP PUBLICATION told")
    admin.execute("DROP DATABASE subscriber")


def test_files_that_wait_for_the_archiver_stop(admin: Connection, seeing: Connection, ordinary: Connection) -> None:
    found = throttles(max_archive_backlog=2 << 20)

    def write(segments: int) -> None:
        for _ in range(segments):
            admin.execute("INSERT INTO wide VALUES ('x')")
            admin.execute("SELECT pg_switch_wal()")

    write(1)
    until(lambda: admin.execute("SELECT last_archived_wal IS NOT NULL FROM pg_stat_archiver").fetchone() == (True,), "one is archived")
    until(lambda: found.wait_reason(seeing) is None and found.wait_reason(ordinary) is None, "none waits")
    _set(admin, archive_command="false")
    while admin.execute("SELECT failed_count > 0 FROM pg_stat_archiver").fetchone() == (False,):
        write(1)  # the archiver reads its new command between two files
        time.sleep(0.05)
    write(4)
    for connection in (seeing, ordinary):
        said = found.wait_reason(connection)
        assert said is not None
        assert re.fullmatch(r"(\d+) WAL files \(\1 MB\) wait for the archiver, the limit is 2 MB \(expand\.max_archive_backlog\)", said), said
    admin.execute("SELECT pg_stat_reset_shared('archiver')")
    until(lambda: "GRANT pg_monitor TO ordinary" in (found.wait_reason(ordinary) or ""), "there is nothing to count from")
    _set(admin, archive_command="true")
    while found.wait_reason(seeing) is not None or found.wait_reason(ordinary) is not None:
        write(1)  # wakes an archiver that rests after failures
        time.sleep(0.1)


def _set(admin: Connection, **settings: str) -> None:
    for name, value in settings.items():
        admin.execute(compose("ALTER SYSTEM SET {n:i} = {v:l}", n=name, v=value).encode())
    admin.execute("SELECT pg_reload_conf()")


def test_an_autovacuum_against_wraparound_stops_until_it_is_through(admin: Connection, ordinary: Connection) -> None:
    found = configured(only(yield_to_wraparound=True), table="public.old", interval=0.0)
    admin.execute("CREATE TABLE old AS SELECT repeat('x', 1000) AS t FROM generate_series(1, 2000)")
    assert found.wait_reason(ordinary) is None
    _set(admin, autovacuum_vacuum_cost_delay="100ms", autovacuum_vacuum_cost_limit="1", synchronous_commit="off")
    # the limit cannot be less than 100,000 transactions
    admin.execute("DO $$ BEGIN FOR i IN 1..100100 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
    admin.execute("ALTER TABLE old SET (autovacuum_freeze_max_age = 100000, autovacuum_freeze_min_age = 0)")
    until(lambda: found.wait_reason(ordinary) is not None, "autovacuum comes")
    said = found.wait_reason(ordinary)
    assert said is not None and " prevents wraparound on old, whose oldest transaction is " in said
    assert said.endswith("old; the limit is 100,000 (expand.yield_to_wraparound)")
    _set(admin, autovacuum_vacuum_cost_delay="0")
    admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'")  # the next one is fast
    until(lambda: found.wait_reason(ordinary) is None, "it lets go")
    until(lambda: admin.execute("SELECT age(relfrozenxid) < 100000 FROM pg_class WHERE relname = 'old'").fetchone() == (True,), "it is vacuumed")
    assert found.wait_reason(ordinary) is None
