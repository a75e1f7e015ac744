"""VACUUM while a backfill goes on: the room that rows leave behind is used by the next ones instead of making the table larger.

Measured (docs/explanation/backfill.md): a table written in one pass grew by a fifth instead of by half to double, for less CPU time in all. It
runs on a connection of its own, for it takes as long as a dozen batches; what it holds hinders neither them nor their pruning.
"""

from __future__ import annotations

import contextlib
import threading

import psycopg

from bgmigrate.backfill.batches import Wrote
from bgmigrate.database import Connection, connect
from bgmigrate.errors import InfrastructureError
from bgmigrate.progress import Progress
from bgmigrate.sql import compose

SLICE = 0.2  # of the table's rows that moved to another place since the last time
LEAST = 50_000  # rows: less is not worth reading every index for

# The table's owner, or from PostgreSQL 17 on who was granted MAINTAIN, may vacuum it.
_MAY = """
SELECT reltuples::float8, pg_has_role(relowner, 'USAGE')
       OR CASE WHEN current_setting('server_version_num')::int >= 170000 THEN has_table_privilege(oid, 'MAINTAIN') ELSE false END
  FROM pg_class WHERE oid = %s::regclass AND relkind = 'r'
"""


class Vacuum:
    """For one worker of a process. `table`: its key."""

    def __init__(self, c: Connection, url: str, table: str, progress: Progress) -> None:
        self.url, self.table, self.progress, self._moved = url, table, progress, 0
        row = c.execute(_MAY.encode(), [compose("{t:t}", t=table)]).fetchone()
        self._slice = max(LEAST, row[0] * SLICE) if row and row[1] else None
        self._thread: threading.Thread | None = None
        self._c: Connection | None = None

    def wrote(self, batch: Wrote) -> None:
        """Rows were written: vacuum beside what follows, if enough has moved and the last time is over."""
        self._moved += batch.rows - batch.hot
        if self._slice is None or self._moved < self._slice or (self._thread is not None and self._thread.is_alive()):
            return
        self._moved = 0
        self.progress.step(f"  backfill {self.table}: VACUUM, so that the next rows take the room of those that moved")
        self._thread = threading.Thread(target=self._run, name=f"vacuum {self.table}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Nothing more will be written: one that runs has lost its purpose, and nobody waits for it."""
        while self._thread is not None and self._thread.is_alive():
            with contextlib.suppress(psycopg.Error):  # it may not have begun, or just be through
                if (c := self._c) is not None:
                    c.cancel_safe(timeout=5)
            self._thread.join(0.1)

    def _run(self) -> None:
        # SHARE UPDATE EXCLUSIVE; skipped where somebody else has that lock. Every page is visited once, in whatever time the server allows it.
        try:
            with connect(self.url, purpose=f"vacuum {self.table}", statement_timeout="0") as self._c:
                self._c.execute(compose("VACUUM (SKIP_LOCKED, TRUNCATE false) {t:t}", t=self.table).encode())
        except psycopg.errors.InsufficientPrivilege:
            self._slice = None
        except (psycopg.Error, InfrastructureError) as error:
            self.progress.detail(f"{self.table}: VACUUM ended early: {str(error).splitlines()[0]}")
        finally:
            self._c = None
