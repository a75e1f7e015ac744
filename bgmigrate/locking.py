"""Taking locks politely: short waits, growing a little, with jitter and a deadline; and who was in the way when it did not work."""

from __future__ import annotations

import contextlib
import random
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import psycopg

from bgmigrate.database import Connection, connect
from bgmigrate.errors import Conflict, InfrastructureError
from bgmigrate.naming import qualified
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings
from bgmigrate.sql import template
from bgmigrate.withdrawal import Withdrawal, watching

T = TypeVar("T")

OLD = 1.0  # seconds that a transaction has been open: it will not end within a wait of ours
OLD_WRITER = 3.0  # seconds; a build that has begun waits for those who are there, and most are gone long before
QUEUES = 4  # every fourth attempt queues all the same: its lock may be one that does not conflict
CEILING = 2.0  # seconds; autovacuum yields after deadlock_timeout (1 s), so some attempts must wait longer than that
RUN_LOCK = 0x62676D  # "bgm": the first key of the advisory lock that a run holds

# A lock that was not had in time; a deadlock in which we were the victim.
RETRIED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


def with_lock_budget(
    connection: Connection, url: str, work: Callable[[Connection], T], *, tables: Sequence[str], budget: ExpandSettings, progress: Progress
) -> T:
    """Do `work` in one short transaction that waits for no lock longer than the current attempt's lock_timeout, and lets others pass before.

    An attempt may wait for up to two seconds as long as nobody waits behind it, and nobody does for longer than `budget.lock_timeout`. Behind a
    transaction that has been open for a while only every fourth attempt queues. Between attempts nothing is held. Raises Conflict (exit 5) with
    the holders named when the deadline has passed.
    """
    with _Eye(url) as eye:
        return _attempts(connection, url, work, tables, budget, progress, eye)


class _Eye:
    """The connection from which attempts are watched that wait for longer than the first: made when such a one begins, and kept for the next."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._open: Connection | None = None

    def __enter__(self) -> _Eye:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open is not None:
            self._open.close()

    def ready(self) -> Connection | None:
        """Open; None where it cannot be made, which whoever watches finds out and says."""
        if self._open is None or self._open.broken or self._open.closed:
            try:
                self._open = watching(self.url)
            except (psycopg.Error, InfrastructureError):
                return None
        return self._open


def _attempts(
    connection: Connection, url: str, work: Callable[[Connection], T], tables: Sequence[str], budget: ExpandSettings, progress: Progress, eye: _Eye
) -> T:
    deadline = time.monotonic() + budget.lock_deadline
    timeout, attempt = budget.lock_timeout, 0
    while True:
        attempt += 1
        watch = Withdrawal(connection, url, budget.lock_timeout, eye.ready() if timeout > budget.lock_timeout else None)
        error: psycopg.Error | None = None
        holders = blockers(connection, tables)
        if attempt % QUEUES == 0 or not any((h["transaction_seconds"] or 0) > OLD for h in holders):
            try:
                with watch, connection.transaction():
                    set_local(connection, lock_timeout=timeout, statement_timeout=timeout + 60)
                    return work(connection)
            except RETRIED as refused:
                error = refused
            except psycopg.errors.QueryCanceled as cancelled:
                if not watch.withdrew:
                    raise
                error = cancelled
            holders = blockers(connection, tables) or holders
            # where others wait behind us the server itself ends the next attempt in time: on a busy machine whoever watches comes late
            timeout = min(CEILING, timeout * 1.5) if watch.alone else budget.lock_timeout
        if time.monotonic() >= deadline:
            raise lock_not_had(tables, holders, budget.lock_deadline) from error
        wait = random.uniform(0, min(5.0, 0.05 * 2 ** min(attempt, 8)))  # full jitter
        say = progress.step if attempt in (1, 5) or attempt % 20 == 0 else progress.detail
        say(f"  waiting for a lock on {_names(tables)}: {_who(holders)}{_withdrawn(watch)}; attempt {attempt + 1} in {wait:.1f} s")
        time.sleep(min(wait, max(0.0, deadline - time.monotonic())))


def _withdrawn(watch: Withdrawal) -> str:
    if watch.blind:
        return f"; withdrawn, for nobody could see who waits behind us ({watch.blind})"
    return "; let {} pass that waited behind us for {:.1f} s".format(*watch.waited) if watch.withdrew else ""


def set_local(connection: Connection, **settings: float) -> None:
    """Time limits in seconds for the current transaction."""
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, true)", (name, f"{int(value * 1000)}ms"))


def blockers(connection: Connection, tables: Sequence[str]) -> list[dict[str, Any]]:
    """Who holds locks on these tables now, as the JSON key `blockers` has it."""
    held = connection.execute(template("lock_holders").encode(), [_known(connection, tables)])
    return [dict(zip(_KEYS, row, strict=True)) for row in held]


_KEYS = ("pid", "user", "application_name", "state", "transaction_seconds", "relation", "mode")


def _known(connection: Connection, tables: Sequence[str]) -> list[str]:
    names = [qualified(t) for t in tables]
    return [r[0] for r in connection.execute("SELECT n FROM unnest(%s::text[]) n WHERE to_regclass(n) IS NOT NULL", [names])]


# What CREATE INDEX CONCURRENTLY waits for in the middle of its work, and DROP (index.c, WaitForLockers): what conflicts with SHARE; everything.
_AGAINST_SHARE = ("RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
_EVERY = ("AccessShareLock", "RowShareLock", "ShareLock", *_AGAINST_SHARE)


def let_end(connection: Connection, tables: Sequence[str], *, drops: bool, seconds: float, progress: Progress) -> float:
    """Before an index is built or dropped CONCURRENTLY: wait until nobody is left who has held the tables for a while. What gives up in the
    middle leaves an INVALID index, which nobody can drop either while they are there; what has not begun leaves nothing.

    Returns the seconds that are left. Raises Conflict with the holders named when there are none.
    """
    deadline, pause, said = time.monotonic() + seconds, 0.05, False
    modes = list(_EVERY if drops else _AGAINST_SHARE)
    while True:
        names = _known(connection, tables)
        older = {r[0] for r in connection.execute(template("older_lockers").encode(), [modes, names, OLD_WRITER])}
        if not older:
            return max(deadline - time.monotonic(), 1.0)
        holders = [h for h in blockers(connection, tables) if h["pid"] in older]
        if time.monotonic() >= deadline:
            raise lock_not_had(tables, holders, seconds)
        if not said:
            progress.step(f"  not begun yet, for it would have to wait in the middle: {_who(holders)}")
            said = True
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(1.0, pause * 1.5)


def old_snapshots(connection: Connection, since: object) -> list[dict[str, Any]]:
    """The transactions whose snapshot is older than that moment, as `blockers` has them: an index build waits for these, too, whatever they read."""
    return [dict(zip(_KEYS, row, strict=True)) for row in connection.execute(template("old_snapshots").encode(), [since])]


def lock_not_had(tables: Sequence[str], holders: list[dict[str, Any]], seconds: float) -> Conflict:
    """The error for a lock that could not be had in its budget."""
    return Conflict(
        f"no lock on {_names(tables)} in {seconds:.0f} s: {_who(holders)}",
        why="Waiting longer in PostgreSQL's lock queue would make every other statement on the table wait behind us. Nothing is left half done.",
        next="Run the same command again when these transactions have ended; it goes on where it stopped.",
        blockers=holders,
    )


def _names(tables: Sequence[str]) -> str:
    return ", ".join(tables) or "the database"


def _what(holder: dict[str, Any]) -> str:
    return "keeps a snapshot" if holder["mode"] == "snapshot" else f"holds {holder['mode']} on {holder['relation']}"


def _who(holders: list[dict[str, Any]]) -> str:
    said = [
        f"pid {h['pid']} ({h['application_name'] or h['user'] or 'unnamed'}, {h['state'] or 'background'}, "
        f"transaction {h['transaction_seconds'] or 0:.0f} s old) {_what(h)}"
        for h in holders[:5]
    ]
    return "; ".join(said) or "the holder has gone meanwhile"


@contextlib.contextmanager
def run_lock(url: str, service: str, *, command: str, wait: float = 0.0) -> Iterator[None]:
    """Be the only run on this service's database, for as long as this connection lives.

    `wait`: seconds to wait for another run to end. Raises Conflict (exit 5) naming the run that holds the lock.
    """
    key = zlib.crc32(service.encode()) & 0x7FFFFFFF
    with connect(url, purpose=f"{command} run-lock", idle_in_transaction_session_timeout=0) as c:
        deadline = time.monotonic() + wait
        while not _row(c.execute("SELECT pg_try_advisory_lock(%s, %s)", (RUN_LOCK, key)))[0]:
            if time.monotonic() >= deadline:
                raise _other_run(c, key)
            time.sleep(0.2)
        yield


def _row(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    row = cursor.fetchone()
    assert row is not None
    return tuple(row)


def _other_run(c: Connection, key: int) -> Conflict:
    row = c.execute(
        "SELECT a.pid, a.usename, a.application_name, extract(epoch FROM now() - a.backend_start)::float8 FROM pg_locks l"
        " JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.classid = %s AND l.objid = %s AND l.granted",
        (RUN_LOCK, key),
    ).fetchone()
    who = f"{row[2]} (pid {row[0]}, user {row[1]}, running for {row[3]:.0f} s)" if row else "another run, which has just ended,"
    return Conflict(
        f"{who} is at work on this service's database",
        why="Two runs would do the same steps twice.",
        next="Wait for it, or pass --wait 10m to wait here.",
        code="BGM915",
        blockers=[{"pid": row[0], "user": row[1], "application_name": row[2], "state": "active", "transaction_seconds": row[3],
                   "relation": None, "mode": "advisory"}] if row else [],
    )
