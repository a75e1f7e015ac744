"""A second connection that looks at the locks of the first, so that its own questions do not mix in.

eugene asks the traced session itself, which leaves CONCURRENTLY without a trace: outside of a transaction its locks are gone when it ends.
Ours is asked while such a statement waits, for a writer that we keep open until then.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

import psycopg

from bgmigrate.database import Connection, connect
from bgmigrate.rehearsal.statement import MODES
from bgmigrate.sql import compose, template

Held = dict[tuple[int, str], tuple[str, str, str]]  # (oid, mode) -> schema, name, kind

EVERY = 0.003  # seconds between two looks
LONGEST = 1.0  # seconds that a writer is kept open; a statement that waits for none has ended long before
TABLES = (
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('bgmigrate', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' ORDER BY c.oid"
)


class Observer:
    """Close it when nothing more is to be seen."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._c = connect(url, purpose="observe")

    def close(self) -> None:
        """End its connection."""
        self._c.close()

    def held(self, pid: int) -> Held:
        """The relation locks that a session holds now."""
        return {(oid, mode): (schema, name, kind) for oid, schema, name, kind, mode, granted in self._look(self._c, pid) if granted}

    def during(self, pid: int, work: Callable[[], object]) -> tuple[Held, float]:
        """Run a statement that cannot be in a transaction; every lock that it was seen to hold, and the seconds that it waited for our writer."""
        seen: Held = {}
        wanted: Held = {}  # what it was seen to wait for: once it has ended well it has had that, however shortly
        ended, waited = threading.Event(), [0.0]
        with connect(self.url, purpose="observe") as look, connect(self.url, purpose="observe", autocommit=False) as writer:
            self._write(writer)
            watching = threading.Thread(target=self._watch, args=(look, writer, pid, seen, wanted, ended, waited), daemon=True)
            watching.start()
            try:
                work()
            finally:
                ended.set()
                watching.join()
        return wanted | seen, waited[0]

    @staticmethod
    def _write(writer: Connection) -> None:
        """Be a writer of every table in mid-transaction: whatever is CONCURRENTLY waits for such."""
        with contextlib.suppress(psycopg.Error):  # more tables than the server has room for locks: then what is seen in passing must do
            names = [row[0] for row in writer.execute(TABLES)]
            if names:
                writer.execute(compose("LOCK TABLE ONLY {n:q} IN ROW EXCLUSIVE MODE", n=", ONLY ".join(names)).encode())

    def _watch(self, look: Connection, writer: Connection, pid: int, seen: Held, wanted: Held, ended: threading.Event, waited: list[float]) -> None:
        began, writing = time.monotonic(), True
        while not ended.is_set() or writing:
            rows = self._look(look, pid)
            for oid, schema, name, kind, mode, granted in rows:
                (seen if granted else wanted)[oid, mode] = (schema, name, kind)
            strong = any(granted and MODES.index(mode) >= 3 for *_, mode, granted in rows)
            refused = any(not granted for *_, granted in rows)
            if writing and (refused or ended.is_set() or time.monotonic() - began > LONGEST or (strong and self._waits(look, pid))):
                waited[0] = time.monotonic() - began
                writer.rollback()
                writing = False
            ended.wait(EVERY)

    @staticmethod
    def _look(c: Connection, pid: int) -> list[tuple[int, str, str, str, str, bool]]:
        return c.execute(template("rehearsal_locks").encode(), [pid]).fetchall()

    @staticmethod
    def _waits(c: Connection, pid: int) -> bool:
        """Does it wait for another's transaction?"""
        return c.execute("SELECT 1 FROM pg_locks WHERE pid = %s AND locktype = 'virtualxid' AND NOT granted", [pid]).fetchone() is not None
