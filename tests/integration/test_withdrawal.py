"""Who waits behind us waits because of us: nobody for longer than lock_timeout, however long our own attempt may take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from bgmigrate import following, locking
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Conflict
from bgmigrate.locking import with_lock_budget
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings
from bgmigrate.withdrawal import Withdrawal
from tests.integration.said import Said
from tests.integration.until import until


@pytest.fixture
def c(database: str) -> Iterator[Connection]:
    with connect(database, purpose="test") as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
        yield connection


def alter(c: Connection) -> None:
    """Takes ACCESS EXCLUSIVE."""
    c.execute("ALTER TABLE t ADD COLUMN IF NOT EXISTS more text")


def reads(c: Connection) -> None:
    """A reader that does little else."""
    c.execute("SELECT count(*) FROM t")
    time.sleep(0.01)


def until_stopped(work: Callable[[Connection], None], url: str, stop: threading.Event) -> threading.Thread:
    """Work in a thread with a connection of its own."""

    def run() -> None:
        with connect(url, purpose="application") as c:
            while not stop.is_set():
                work(c)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_no_reader_waits_for_longer_than_the_first_lock_timeout(c: Connection, database: str) -> None:
    """Transactions that hold the table most of the time; our attempts may last for two seconds."""
    budget = ExpandSettings(lock_timeout=0.3, lock_deadline=30.0)
    stop, waits = threading.Event(), [0.0]

    def holds(c: Connection) -> None:
        with c.transaction():
            c.execute("SELECT count(*) FROM t")
            time.sleep(0.8)
        time.sleep(0.05)

    def probes(c: Connection) -> None:
        began = time.monotonic()
        c.execute("SELECT count(*) FROM t")
        waits.append(time.monotonic() - began)
        time.sleep(0.01)

    threads = [until_stopped(work, database, stop) for work in (holds, probes, probes)]
    try:
        for _ in range(3):
            with_lock_budget(c, database, alter, tables=["t"], budget=budget, progress=Progress(-1))
            with_lock_budget(c, database, lambda c: c.execute("ALTER TABLE t DROP COLUMN more"), tables=["t"], budget=budget, progress=Progress(-1))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert max(waits) < 0.3 + 0.2, "50 ms and what a busy machine adds; without letting others pass it is the hold's 0.8 s"


def test_alone_in_the_queue_it_waits_on(c: Connection, database: str) -> None:
    """There is nobody to let pass, so a wait does not end early."""
    said = Said()
    with connect(database, purpose="holder") as holder:
        holder.autocommit = False
        holder.execute("SELECT count(*) FROM t")
        timer = threading.Timer(0.6, holder.rollback)
        timer.start()
        with_lock_budget(c, database, alter, tables=["t"], budget=ExpandSettings(lock_timeout=2.0, lock_deadline=10.0), progress=said)
        timer.join()
    assert said.lines == []


def test_who_waits_for_what_we_have_already_is_let_pass_too(c: Connection, database: str) -> None:
    """A statement that takes several tables holds the first while it waits for the next."""
    c.execute("CREATE TABLE u (id int)")
    waits, stop = [0.0], threading.Event()

    def reads_on(c: Connection) -> None:
        began = time.monotonic()
        c.execute("SELECT count(*) FROM t")
        waits.append(time.monotonic() - began)
        time.sleep(0.01)

    with connect(database, purpose="holder") as holder:
        holder.autocommit = False
        holder.execute("SELECT count(*) FROM u")
        reader = until_stopped(reads_on, database, stop)
        try:
            budget = ExpandSettings(lock_timeout=0.3, lock_deadline=0.2)
            with pytest.raises(Conflict):
                both = "SET LOCAL lock_timeout = '5s'; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; LOCK TABLE u IN ACCESS EXCLUSIVE MODE"
                with_lock_budget(c, database, lambda c: c.execute(both.encode()), tables=["t", "u"], budget=budget, progress=Progress(-1))
        finally:
            stop.set()
            reader.join()
    assert 0.1 < max(waits) < 0.3 + 0.4, "without being let pass it is five seconds"


def test_it_says_whom_it_let_pass(c: Connection, database: str) -> None:
    said, stop = Said(), threading.Event()
    with connect(database, purpose="holder") as holder:
        holder.autocommit = False
        holder.execute("SELECT count(*) FROM t")
        reader = until_stopped(reads, database, stop)
        try:
            with pytest.raises(Conflict):
                with_lock_budget(c, database, alter, tables=["t"], budget=ExpandSettings(lock_timeout=0.4, lock_deadline=0.9), progress=said)
        finally:
            stop.set()
            reader.join()
    assert any("let 1 pass that waited behind us for 0." in line and "holds AccessShareLock on t" in line for line in said.lines), said.lines


def test_behind_an_old_transaction_most_attempts_do_not_even_queue(c: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "OLD", 0.1)
    tries = []

    def work(c: Connection) -> None:
        tries.append(time.monotonic())
        alter(c)

    with connect(database, purpose="holder") as holder:
        holder.autocommit = False
        holder.execute("SELECT count(*) FROM t")
        time.sleep(0.2)
        said = Said()
        with pytest.raises(Conflict) as refused:
            with_lock_budget(c, database, work, tables=["t"], budget=ExpandSettings(lock_timeout=0.05, lock_deadline=2.0), progress=said)
    assert len(tries) <= len(said.lines) / 3
    assert "bgmigrate/holder, idle in transaction" in refused.value.what


def test_what_cannot_be_watched_is_not_waited_for(c: Connection, database: str) -> None:
    said = Said()
    with connect(database, purpose="holder") as holder:
        holder.autocommit = False
        holder.execute("SELECT count(*) FROM t")
        with pytest.raises(Conflict):
            blind = database.replace("postgres@", "nobody_of_this_name@")
            with_lock_budget(c, blind, alter, tables=["t"], budget=ExpandSettings(lock_timeout=5.0, lock_deadline=0.5), progress=said)
    assert any("nobody could see who waits behind us" in line for line in said.lines)


def test_a_slow_index_says_for_whom_it_waits(c: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOOK", 0.1)
    said = Said()
    with connect(database, purpose="report") as holder:
        holder.autocommit = False
        holder.execute("INSERT INTO t VALUES (1)")

        def build() -> None:
            with following.following(c, database, said):
                c.execute("CREATE INDEX CONCURRENTLY mine ON t (id)")

        thread = threading.Thread(target=build)
        thread.start()
        try:
            until(lambda: any("bgmigrate/report, idle in transaction" in line for line in said.lines), "the holder is named")
        finally:
            holder.rollback()
            thread.join()
    assert c.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'mine'::regclass").fetchone() == (True,)


def test_a_cancellation_that_comes_too_late_hits_nothing_else(c: Connection, database: str) -> None:
    watch = Withdrawal(c, database, 1.0)
    with watch:
        watch.withdrew = True
        with connect(database, purpose="other") as other:
            other.execute("SELECT pg_cancel_backend(%s)", [c.info.backend_pid])
        time.sleep(0.1)
    assert c.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.errors.QueryCanceled), Withdrawal(c, database, 1.0):
        c.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)")
