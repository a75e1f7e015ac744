"""Both versions write the same rows at the same moment, and the backfill is at work among them: nothing is lost, and blue never fails."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from bgmigrate import faults, journal
from bgmigrate.backfill.along_key import Keys
from bgmigrate.database import Connection, connect
from bgmigrate.journal import backfills
from bgmigrate.ops import BackfillTable, StopSynchronizingTables, SynchronizeTables
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.closing import disagreements
from bgmigrate.workflow.triggers import broken
from tests.integration.moving import ADDRESSES, ONE, lost, rows, with_addresses

pytestmark = pytest.mark.exhaustive(turns=3)

Writer = Callable[[Connection, random.Random, int], object]


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations on a database with a journal."""
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        runtime = Runtime(c, database, Settings(directory=Path()), Progress(-1), {})
        runtime.revision = "r"
        yield runtime


def blue(c: Connection, draw: random.Random, user: int) -> None:
    """One of the statements of blue's application."""
    what, street = draw.random(), draw.choice("abc")
    if what < 0.5:
        c.execute("UPDATE users SET street = %s, city = %s WHERE id = %s", [street, draw.choice(["x", None]), user])
    elif what < 0.65:
        c.execute("UPDATE users SET street = NULL, city = NULL WHERE id = %s", [user])
    elif what < 0.75:
        c.execute("UPDATE users SET name = %s WHERE id = %s", [street, user])
    elif what < 0.85:
        c.execute("DELETE FROM users WHERE id = %s", [user])
    else:
        c.execute("INSERT INTO users (id, street) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET street = excluded.street", [user, street])


def green(c: Connection, draw: random.Random, user: int) -> None:
    """One of the statements of green's application."""
    what, street = draw.random(), draw.choice("ghi")
    if what < 0.5:
        c.execute("UPDATE addresses SET street = %s WHERE user_id = %s", [street, user])
    elif what < 0.7:
        c.execute(
            "INSERT INTO addresses (user_id, street) SELECT id, %s FROM users WHERE id = %s"
            " ON CONFLICT (user_id) DO UPDATE SET street = excluded.street", [street, user],
        )
    elif what < 0.8:
        c.execute("DELETE FROM addresses WHERE user_id = %s", [user])
    elif what < 0.9:
        c.execute("SELECT FROM addresses WHERE user_id = %s FOR UPDATE", [user])
    else:
        c.execute("UPDATE addresses SET note = %s WHERE user_id = %s", [street, user])


def named(url: str, side: str) -> Connection:
    """A connection of an application, which is none of ours."""
    c = connect(url, purpose="test")
    c.execute("SELECT set_config('application_name', %s, false)", [side])
    return c


class Crowd:
    """Writers on connections of their own, each transaction of one to three statements on one user. `errors` by side."""

    def __init__(
        self, url: str, users: int, isolation: psycopg.IsolationLevel = psycopg.IsolationLevel.READ_COMMITTED, *, only: str = ""
    ) -> None:
        self.url, self.users, self.isolation = url, users, isolation
        self.done = {side: 0 for side in ("blue", "green") if only in ("", side)}
        self.errors: dict[str, list[psycopg.Error]] = {"blue": [], "green": []}
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(side, writer, seed), daemon=True)
            for seed in range(3) for side, writer in (("blue", blue), ("green", green)) if side in self.done
        ]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def until(self, transactions: int, patience: float = 60.0) -> None:
        """Wait until each side has committed that many."""
        deadline = time.monotonic() + patience
        while min(self.done.values()) < transactions and time.monotonic() < deadline:
            time.sleep(0.01)
        assert min(self.done.values()) >= transactions, (self.done, self.errors)

    def _work(self, side: str, writer: Writer, seed: int) -> None:
        draw = random.Random(seed)
        with named(self.url, side) as c:
            c.isolation_level = self.isolation
            while not self._stop.is_set():
                user = draw.randint(1, self.users)
                try:
                    with c.transaction():
                        for _ in range(draw.choice([1, 1, 2, 3])):
                            writer(c, draw, user)
                            if draw.random() < 0.3:
                                time.sleep(draw.random() * 0.01)  # the application thinks, its rows locked
                    self.done[side] += 1
                except psycopg.Error as error:
                    self.errors[side].append(error)


def unexpected(errors: list[psycopg.Error], *expected: type[psycopg.Error]) -> list[psycopg.Error]:
    """The errors that are none of these."""
    return [e for e in errors if not isinstance(e, expected)]


@pytest.mark.every_server
@pytest.mark.parametrize("isolation", [psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ])
def test_writers_of_the_same_rows_end_with_tables_that_agree(on: Runtime, database: str, isolation: psycopg.IsolationLevel) -> None:
    c = with_addresses(on)
    c.execute("INSERT INTO users (id, street) SELECT i, 's' FROM generate_series(1, 6) i")
    with Crowd(database, 6, isolation) as crowd:
        crowd.until(300)
    repeat = (psycopg.errors.SerializationFailure,) if isolation == psycopg.IsolationLevel.REPEATABLE_READ else ()
    assert unexpected(crowd.errors["blue"], *repeat) == []
    # a user that blue deletes meanwhile; and the circle, which green breaks
    assert unexpected(crowd.errors["green"], psycopg.errors.ForeignKeyViolation, psycopg.errors.DeadlockDetected, *repeat) == []
    assert disagreements(c).findings == ()
    assert lost(c, "users", "addresses", ["user_id"], ONE) == 0
    assert rows(c, "SELECT count(*) FROM users WHERE street IS NOT NULL") == rows(c, "SELECT count(*) FROM addresses WHERE street IS NOT NULL")


def test_green_gives_way_where_both_wait_for_each_other(on: Runtime, database: str) -> None:
    c = with_addresses(on)
    c.execute("INSERT INTO users (id, street) VALUES (1, 's')")
    with named(database, "blue") as one, named(database, "green") as two:
        one.execute("SET deadlock_timeout = '1ms'; BEGIN; UPDATE users SET name = 'blue' WHERE id = 1")  # blue would notice at once
        failed: list[Exception] = []

        def write() -> None:
            try:
                two.execute("UPDATE addresses SET street = 'green' WHERE user_id = 1")
            except psycopg.Error as error:
                failed.append(error)

        waiting = threading.Thread(target=write)
        waiting.start()
        time.sleep(0.1)
        assert waiting.is_alive(), "green waits for blue's transaction, which may be long"
        one.execute("UPDATE users SET street = 'blue' WHERE id = 1")
        one.execute("COMMIT")
        waiting.join(20)
        assert [type(e) for e in failed] == [psycopg.errors.DeadlockDetected]
        two.execute("UPDATE addresses SET street = 'green' WHERE user_id = 1")
    assert rows(c, "SELECT u.street, a.street FROM users u JOIN addresses a ON a.user_id = u.id") == [("green", "green")]


def test_green_does_not_give_way_where_one_of_us_in_the_circle_will(on: Runtime, database: str) -> None:
    """We wait for green's table, blue for us, green for blue's row: until our lock_timeout."""
    c = with_addresses(on)
    c.execute("INSERT INTO users (id, street) VALUES (1, 's'), (2, 's')")
    with named(database, "blue") as one, named(database, "green") as two, connect(database, purpose="contract") as us:
        one.execute("BEGIN; UPDATE users SET name = 'blue' WHERE id = 1")
        with ThreadPoolExecutor() as pool:
            writes = pool.submit(two.execute, "UPDATE addresses SET street = 'green' WHERE user_id = 1")
            time.sleep(0.1)
            ours = pool.submit(us.execute, "SET lock_timeout = '800ms'; BEGIN; LOCK TABLE addresses IN ACCESS EXCLUSIVE MODE")
            time.sleep(0.1)
            one.execute("UPDATE users SET street = 'blue' WHERE id = 2; COMMIT")
            writes.result(20)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                ours.result(20)
    assert rows(c, "SELECT name, street FROM users ORDER BY id") == [("blue", "green"), (None, "blue")]


def test_green_waits_for_a_long_transaction_of_blues_and_no_longer_than_it_wants(on: Runtime, database: str) -> None:
    c = with_addresses(on)
    c.execute("INSERT INTO users (id, street) VALUES (1, 's')")
    with connect(database, purpose="blue") as one, connect(database, purpose="green") as two:
        one.execute("BEGIN; UPDATE users SET name = 'blue' WHERE id = 1")
        two.execute("SET lock_timeout = '300ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable, match="longer than lock_timeout"):
            two.execute("UPDATE addresses SET street = 'green' WHERE user_id = 1")
        two.execute("RESET lock_timeout")
        thread = threading.Thread(target=two.execute, args=("UPDATE addresses SET street = 'green' WHERE user_id = 1",))
        thread.start()
        time.sleep(0.5)
        one.execute("COMMIT")
        thread.join(20)
    assert rows(c, "SELECT name, street FROM users") == [("blue", "green")]


@pytest.mark.every_server
@pytest.mark.parametrize("side", ["blue", "green"])
def test_the_triggers_come_and_go_among_writers(on: Runtime, database: str, side: str) -> None:
    """Blue's while expand is applied and taken back, green's while contract is."""
    c = on.connection
    c.execute(ADDRESSES.encode())
    c.execute("INSERT INTO users (id, street) SELECT i, 's' FROM generate_series(1, 6) i")
    sync = SynchronizeTables("users", "addresses", ["user_id"], ONE)
    if side == "green":
        sync.run(on)
    with Crowd(database, 6, only=side) as crowd:
        crowd.until(100)
        if side == "blue":
            sync.run(on)
            BackfillTable("users", "addresses", ["user_id"], ONE).run(on)
            crowd.until(crowd.done[side] + 100)
            assert disagreements(c).findings == ()
            sync.undo().run(on)
        else:
            StopSynchronizingTables("users", "addresses", ["street", "city"]).run(on)
        crowd.until(crowd.done[side] + 100)
    assert crowd.errors[side] == []
    assert rows(c, "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(0,)]


class Killed(BaseException):
    """The backfill's process is gone."""


@pytest.mark.every_server
def test_a_backfill_that_is_killed_among_writers_loses_nothing_and_revives_nothing(on: Runtime, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    c = on.connection
    c.execute(ADDRESSES.encode())
    c.execute("INSERT INTO users (id, street, city) SELECT i, NULLIF('s' || i, 's' || i / 7 * 7), 'c' FROM generate_series(1, 3000) i")
    monkeypatch.setattr(Keys, "begin", 60)  # many batches
    monkeypatch.setattr(Keys, "largest", 60)
    arguments = ("users", "addresses", ["user_id"], ONE)
    SynchronizeTables(*arguments).run(on)
    with Crowd(database, 3000) as crowd:
        for batches in (1, 5, 9, 13):
            passed = iter(range(10_000))

            def die(passed: Iterator[int] = passed, batches: int = batches) -> None:
                if next(passed) == batches:
                    raise Killed

            monkeypatch.setattr(faults, "point", die)
            with pytest.raises(Killed):
                BackfillTable(*arguments).run(on)
            crowd.until(min(crowd.done.values()) + 20)
        monkeypatch.setattr(faults, "point", lambda: None)
        BackfillTable(*arguments).run(on)
        crowd.until(min(crowd.done.values()) + 20)
    assert crowd.errors["blue"] == []
    assert unexpected(crowd.errors["green"], psycopg.errors.ForeignKeyViolation, psycopg.errors.DeadlockDetected) == []
    assert [b.state for b in backfills.all(c)] == ["done"]
    assert disagreements(c).findings == ()
    assert broken(c) == []
    assert lost(c, "users", "addresses", ["user_id"], ONE) == 0
    assert rows(c, "SELECT count(*) FROM users WHERE street IS NOT NULL") == rows(c, "SELECT count(*) FROM addresses WHERE street IS NOT NULL")


def test_a_table_that_is_made_again_is_filled_again(on: Runtime) -> None:
    c = on.connection
    c.execute(ADDRESSES.encode())
    c.execute("INSERT INTO users (id, street) VALUES (1, 's')")
    sync = SynchronizeTables("users", "addresses", ["user_id"], ONE)
    for _ in range(2):  # as when a killed rollback has dropped it, and expand is run again
        sync.run(on)
        sync.run(on)
        BackfillTable("users", "addresses", ["user_id"], ONE).run(on)
        assert rows(c, "SELECT street FROM addresses") == [("s",)]
        sync.undo().run(on)
        c.execute(ADDRESSES.split(";")[1].encode())
