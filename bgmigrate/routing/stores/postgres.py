"""The journal's own row as a store: read, and watched by LISTEN; changed by `bgmigrate.routing.store.compare_and_set` alone."""

from __future__ import annotations

import time

import psycopg

from bgmigrate import journal
from bgmigrate.database import Connection, connect, unreachable
from bgmigrate.routing import store
from bgmigrate.routing.stores.held import Held
from bgmigrate.settings import Settings
from bgmigrate.sql import compose


class PostgresStore:
    """One connection, opened when first asked, and again after the server was away."""

    kind = "postgres"

    def __init__(self, settings: Settings) -> None:
        self.settings, self.service = settings, settings.service
        self.where = "the journal (bgmigrate.live)"
        self._connection: Connection | None = None

    def get(self) -> Held | None:
        """The row."""
        try:
            return self._read(self._listening())
        except psycopg.Error as error:
            self.close()
            raise unreachable(self.settings.url, error) from None

    def watch(self, seen: Held | None, seconds: float) -> Held | None:
        """LISTEN first, then read: a change between the two is heard, not lost."""
        deadline = time.monotonic() + seconds
        try:
            connection = self._listening()
            while (now := self._read(connection)) == seen and (left := deadline - time.monotonic()) > 0:
                for _ in connection.notifies(timeout=left, stop_after=1):
                    pass
        except psycopg.Error as error:
            self.close()
            raise unreachable(self.settings.url, error) from None
        return now

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listening(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self.settings.url, purpose="store", idle_in_transaction_session_timeout=0)
            self._connection.execute(compose("LISTEN {c:i}", c=store.CHANNEL).encode())
        return self._connection

    def _read(self, connection: Connection) -> Held | None:
        live = store.live(connection, self.service) if journal.exists(connection) else None
        return Held(environment=live.environment, version=live.generation) if live else None
