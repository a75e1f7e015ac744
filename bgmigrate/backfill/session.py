"""A worker's connection: opened anew when the server or the network has cut it, and what of an error may be tried again."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg

from bgmigrate.database import Connection, connect
from bgmigrate.errors import InfrastructureError

AWAY = 60.0  # seconds for a server to come back
STILL = "5s"  # a process that stands still in mid-batch (SIGSTOP, a paused machine) must not hold its rows for longer

# It waits for a row for less than deadlock_timeout, so that no application's transaction is chosen as a deadlock's victim. It does not wait for the
# disk: rows and the journal's word of them are lost together, or not at all, when the server dies. It reads by a key, or page by page.
_AS_A_WORKER = """
    SELECT set_config('lock_timeout', least(400, setting::int / 2)::text, false), set_config('statement_timeout', '60s', false),
           set_config('synchronous_commit', 'off', false), set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false)
      FROM pg_settings WHERE name = 'deadlock_timeout'
"""

# A value or a rule of the database refuses the row: no retry helps.
ROW_REFUSED = (psycopg.errors.DataError, psycopg.errors.IntegrityError, psycopg.errors.RaiseException)
# Another transaction was in the way; the same batch may go through next time.
IN_THE_WAY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


class Session:
    """`prepare`: statements that every session of the job begins with."""

    def __init__(self, url: str, purpose: str, prepare: Sequence[str]) -> None:
        self.url, self.purpose, self.prepare = url, purpose, prepare
        self._c: Connection | None = None

    def connection(self) -> Connection:
        """The connection. Raises InfrastructureError when the server stays away for longer than a minute."""
        if self._c is not None and not self._c.closed:
            return self._c
        deadline = time.monotonic() + AWAY
        while True:
            try:
                self._c = connect(self.url, purpose=self.purpose, idle_in_transaction_session_timeout=STILL)
                self._c.execute(_AS_A_WORKER)
                self._c.prepare_threshold = 3  # what goes with every batch is planned once; poolers, which do not bear that, are refused
                for statement in self.prepare:
                    self._c.execute(statement.encode())
                return self._c
            except (InfrastructureError, psycopg.OperationalError):
                self.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def lost(self, error: psycopg.OperationalError) -> bool:
        """Did this error take the connection with it?"""
        return self._c is None or self._c.closed or self._c.broken or isinstance(error, psycopg.errors.AdminShutdown)

    def close(self) -> None:
        """End it."""
        if self._c is not None:
            self._c.close()
            self._c = None
