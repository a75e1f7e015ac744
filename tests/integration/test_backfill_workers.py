"""Any number of workers on one backfill: each row once, nobody's range lost, and none that was taken for dead writes on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from bgmigrate import journal
from bgmigrate.backfill.along_key import Keys
from bgmigrate.backfill.batches import Batches, Wrote
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.loop import run, work
from bgmigrate.backfill.order import walk_of
from bgmigrate.backfill.throttles import configured
from bgmigrate.backfill.worker import Worker
from bgmigrate.database import Connection, connect
from bgmigrate.errors import InfrastructureError, Refused
from bgmigrate.journal import backfills, ranges
from bgmigrate.journal.backfills import Backfill
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings
from tests import servers
from tests.integration.test_backfill import doubled, table, wrong
from tests.integration.until import until
from tests.servers import Server
from tests.servers.cluster import cluster

pytestmark = pytest.mark.exhaustive(turns=3)

BUDGET = ExpandSettings(lock_timeout=0.1, lock_deadline=20.0, batch_target=0.02, workers=3)
QUIET = Progress(-1)


@pytest.fixture
def c(database: str) -> Iterator[Connection]:
    """A database with a journal and a table."""
    journal.ensure(database)
    with connect(database, purpose="test") as connection:
        yield connection


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges of few rows, so that there are many."""
    monkeypatch.setattr(Keys, "begin", 20)
    monkeypatch.setattr(Keys, "largest", 400)


def begun(c: Connection, rows: int = 20_000, key: str = "id serial PRIMARY KEY") -> tuple[int, Job]:
    """A table, and its backfill as the first worker finds it."""
    table(c, key, rows)
    state = backfills.open(c, revision="r", table="t", name="new")
    job = Job.of(c, doubled())
    backfills.prepare(c, state.id, job.as_json())
    top = walk_of(job).top(c)
    assert top
    backfills.set_upper(c, state.id, top)
    return state.id, job


def told(c: Connection, id: int) -> Backfill:
    """What the journal says."""
    found = backfills.get(c, id)
    assert found is not None
    return found


def worker(url: str, id: int, job: Job, stop: threading.Event | None = None) -> Worker:
    """One worker, of a process of its own as far as the journal can tell."""
    throttles = configured(BUDGET, table="t")
    return Worker(url, id, job, budget=BUDGET, throttles=throttles, progress=QUIET, stop=stop or threading.Event())


@pytest.mark.parametrize("key", ["id serial PRIMARY KEY", "id uuid PRIMARY KEY DEFAULT gen_random_uuid()", "whatever int"])
def test_several_threads_write_each_row_once(c: Connection, database: str, key: str) -> None:
    id, job = begun(c, key=key)
    work(database, id, job, budget=BUDGET, progress=QUIET)
    assert wrong(c) == 0
    with c.transaction():
        backfills.lock(c, id)
        ranges.fold(c, id)
    assert (told(c, id).rows, ranges.unfinished(c, id)) == (20_000, 0)


def test_the_range_of_a_worker_that_died_is_taken_over_at_once(c: Connection, database: str) -> None:
    id, job = begun(c)
    with connect(database, purpose="dead") as dead:
        backfills.set_claimed(c, id, ["300"], 300)
        ranges.claim(dead, id, "dead", None, [["300"]], 1)
    began = time.monotonic()
    worker(database, id, job).run()
    assert wrong(c) == 0
    assert time.monotonic() - began < ranges.LEASE / 2, "its session was gone, so nobody waited for its lease"


def test_who_was_taken_for_dead_writes_no_more(c: Connection, database: str) -> None:
    """As after SIGSTOP and SIGCONT: its session lives, its lease has run out."""
    id, job = begun(c, rows=1000)
    with connect(database, purpose="sleeper") as sleeper, connect(database, purpose="other") as other:
        backfills.set_claimed(c, id, ["1000"], 1000)
        mine = ranges.claim(sleeper, id, "sleeper", None, [["500"], ["1000"]], 1)
        batches = Batches.of(sleeper, id, job, walk_of(job))
        mine_then, wrote = batches.step(sleeper, mine, 500)
        assert (mine_then is not None, wrote.rows) == (True, 500)
        assert ranges.take_over(other, id, "other") is None, "its lease runs"
        c.execute("UPDATE bgmigrate.backfill_range SET lease_until = clock_timestamp() - interval '1 s'")
        theirs = ranges.take_over(other, id, "other")
        assert theirs is not None
        assert mine_then is not None
        assert batches.step(sleeper, mine_then, 500) == (None, Wrote())
        assert c.execute("SELECT count(*) FROM t WHERE new IS NOT NULL").fetchone() == (500,), "the sleeper has written nothing more"
        assert Batches.of(other, id, job, walk_of(job)).step(other, theirs, 500)[0] is None
    assert wrong(c) == 0


def test_a_commit_whose_answer_was_lost_is_read_back(c: Connection, database: str) -> None:
    id, job = begun(c, rows=1000)
    backfills.set_claimed(c, id, ["1000"], 1000)
    range_ = ranges.claim(c, id, "me", None, [["500"], ["1000"]], 1)
    batches = Batches.of(c, id, job, walk_of(job))
    batches.step(c, range_, 500)  # committed; that is all that we do not know
    again, wrote = batches.step(c, range_, 500)
    assert again is not None
    assert (again.step, wrote.rows) == (1, 0)


def test_sessions_that_are_terminated_all_the_while_only_cost_time(c: Connection, database: str) -> None:
    id, job = begun(c, rows=60_000)
    stop = threading.Event()

    def kill() -> None:
        with connect(database, purpose="killer") as killer:
            while not stop.wait(0.1):
                killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'bgmigrate/backfill%'")

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        work(database, id, job, budget=BUDGET, progress=QUIET)
    finally:
        stop.set()
        thread.join()
    assert wrong(c) == 0


def again(url: str) -> Connection:
    """A connection to a server that may be coming back."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return connect(url, purpose="test")
        except InfrastructureError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.slow
def test_a_server_that_dies_and_comes_back_has_lost_no_row() -> None:
    """SIGKILL of a backend: the postmaster restarts all; what was not on disk is lost, the journal's word of it too."""
    with servers.running(servers.choose()) as server, server.database() as url:
        journal.ensure(url)
        with connect(url, purpose="test") as c:
            id, job = begun(c, rows=60_000)
        thread = threading.Thread(target=work, args=[url, id, job], kwargs={"budget": BUDGET, "progress": QUIET})
        thread.start()
        for _ in range(3):
            time.sleep(0.3)
            with again(url) as c:
                victim = c.execute("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'bgmigrate/backfill%' LIMIT 1").fetchone()
            if victim:
                os.kill(victim[0], signal.SIGKILL)
        thread.join(60)
        assert not thread.is_alive()
        with again(url) as c:
            assert wrong(c) == 0
            assert told(c, id).rows <= 60_000


@pytest.mark.slow
def test_a_server_that_is_stopped_at_once_and_started_has_lost_no_row(server: Server) -> None:
    if server.kind == "testcontainers":
        pytest.skip("its programs are in the container")
    with cluster(server) as made:
        journal.ensure(made.url)
        with connect(made.url, purpose="test") as c:
            id, job = begun(c, rows=60_000)
        thread = threading.Thread(target=work, args=[made.url, id, job], kwargs={"budget": BUDGET, "progress": QUIET})
        thread.start()
        for _ in range(2):
            time.sleep(0.3)
            made.crash()
        thread.join(60)
        assert not thread.is_alive()
        with again(made.url) as c:
            assert (wrong(c), told(c, id).rows) == (0, 60_000)


def _works(url: str, id: int) -> None:
    """A worker in a process of its own."""
    ranges.LEASE = 1.0
    with connect(url, purpose="test") as c:
        found = told(c, id)
    assert found.job
    worker(url, id, Job.read(found.job)).run()


@pytest.mark.slow
def test_a_process_that_is_stopped_and_woken_finds_its_range_taken(c: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "LEASE", 1.0)
    id, job = begun(c, rows=60_000)
    sleeper = multiprocessing.get_context("spawn").Process(target=_works, args=[database, id])
    sleeper.start()
    try:
        until(lambda: told(c, id).rows > 0, "a first batch")
        assert sleeper.pid
        os.kill(sleeper.pid, signal.SIGSTOP)
        worker(database, id, job).run()  # what it holds in mid-transaction the server lets go after five seconds
        assert (wrong(c), ranges.unfinished(c, id)) == (0, 0)
        c.execute("UPDATE t SET new = NULL")  # what a batch of the sleeper's would write would be seen
        os.kill(sleeper.pid, signal.SIGCONT)
        sleeper.join(60)
        assert sleeper.exitcode == 0
        assert c.execute("SELECT count(new) FROM t").fetchone() == (0,)
    finally:
        sleeper.kill()


def test_a_person_pauses_it_and_lets_it_go_on_from_anywhere(c: Connection, database: str) -> None:
    id, job = begun(c)
    backfills.want(c, "pause", "mira@desk")
    stop = threading.Event()
    thread = threading.Thread(target=worker(database, id, job, stop).run)
    thread.start()
    deadline = time.monotonic() + 20
    while told(c, id).waits is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "paused by mira@desk" in str(told(c, id).waits)
    assert told(c, id).rows == 0
    backfills.want(c, "run", "mira@desk")
    thread.join(20)
    assert (wrong(c), told(c, id).waits) == (0, None)


def test_a_person_cancels_it(c: Connection, database: str) -> None:
    id, job = begun(c)
    backfills.want(c, "cancel", "mira@desk")
    with pytest.raises(Refused, match="cancelled by mira@desk"):
        worker(database, id, job).run()
    assert ranges.unfinished(c, id) == 0


def test_workers_end_together_when_one_fails(c: Connection, database: str) -> None:
    id, job = begun(c)
    c.execute("ALTER TABLE t ADD CHECK (new % 7 <> 1)")
    small = ExpandSettings(lock_timeout=0.1, lock_deadline=20.0, batch_target=0.02, workers=3, max_refused_rows=5)
    with pytest.raises(Refused, match="more than 5 rows of t"):
        work(database, id, job, budget=small, progress=QUIET)
    assert [w for w in ranges.workers(c, id) if w["alive"]] == []


def test_rows_that_come_go_and_change_their_keys_meanwhile_are_none_the_worse(c: Connection, database: str) -> None:
    id, job = begun(c, rows=30_000)
    c.execute(
        "CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.new := NEW.old * 2; RETURN NEW; END$$;"
        "CREATE TRIGGER sync BEFORE INSERT OR UPDATE OF old, id ON t FOR EACH ROW EXECUTE FUNCTION sync()"
    )
    stop = threading.Event()

    def live() -> None:
        with connect(database, purpose="writer") as w:
            n = 0
            while not stop.is_set():
                n += 1
                w.execute("INSERT INTO t (old) VALUES (%s)", [n])
                w.execute("DELETE FROM t WHERE id = %s", [n * 37 % 30_000])
                w.execute("UPDATE t SET old = old + 1 WHERE id BETWEEN %s AND %s", [n * 91 % 30_000, n * 91 % 30_000 + 3])
                w.execute("UPDATE t SET id = id + 1000000 WHERE id = %s", [n * 53 % 30_000])

    thread = threading.Thread(target=live)
    thread.start()
    try:
        work(database, id, job, budget=BUDGET, progress=QUIET)
    finally:
        stop.set()
        thread.join()
    assert wrong(c) == 0


def test_a_finished_one_is_said_to_be_finished(c: Connection, database: str) -> None:
    table(c, "id serial PRIMARY KEY", 2_000)
    state = backfills.open(c, revision="r", table="t", name="new")
    done = run(c, database, state, doubled(), budget=BUDGET, progress=QUIET)
    assert (done.state, done.rows, done.watermark, wrong(c)) == ("done", 2_000, ["2000"], 0)


def test_one_whose_workers_left_too_early_is_not_called_done(c: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table(c, "id serial PRIMARY KEY", 2_000)
    monkeypatch.setattr(Worker, "run", lambda self: None)
    with pytest.raises(InfrastructureError, match="before its end"):
        run(c, database, backfills.open(c, revision="r", table="t", name="new"), doubled(), budget=BUDGET, progress=QUIET)
    assert [b.state for b in backfills.pending(c)] == ["running"]
