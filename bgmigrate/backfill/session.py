"""A worker's connection: opened anew when the server or the network has cut it, and what of an error may be tried again."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg

from bgmigrate.database import Connection, connect
from bgmigrate.errors import InfrastructureError

AWAY = 60.0  # seconds for a server to come back
STILL = "5s"  # a process that stands still in mid-batch (SIGSTOP, a paused machine) must not hold its rows for longer

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
