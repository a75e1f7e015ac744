"""Sessions that wait for a lock which a batch holds: a batch more would put them, and whoever waits for them, further back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from bgmigrate.database import Connection

# pg_locks and application names are shown to every role. pg_blocking_pids stops the lock manager for a moment: only waiters are asked about.
_WAITING = """
    WITH ours AS MATERIALIZED (
        SELECT pid FROM pg_stat_activity WHERE CASE WHEN %(pids)s::int[] IS NOT NULL THEN pid = ANY (%(pids)s)
                                                    ELSE datname = current_database() AND application_name LIKE 'bgmigrate/backfill%%' END),
         waiting AS MATERIALIZED (
        SELECT DISTINCT l.pid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE NOT l.granted AND a.application_name NOT LIKE 'bgmigrate/%%' AND EXISTS (SELECT FROM ours))
    SELECT count(*), min(w.pid), min(b.pid) FROM waiting w, LATERAL unnest(pg_blocking_pids(w.pid)) AS b (pid) WHERE b.pid IN (SELECT pid FROM ours)
"""


class WaitingSessions:
    """`pids`: gives our backends; None for every session of a backfill of ours in the database."""

    name: ClassVar[str] = "waiting_sessions"
    setting: ClassVar[str] = "yield_to_waiting"

    def __init__(self, pids: Callable[[], Sequence[int]] | None = None) -> None:
        self.pids = pids

    def reason(self, connection: Connection) -> str | None:
        """Say how many wait for us; the limit is none."""
        row = connection.execute(_WAITING, {"pids": list(self.pids()) if self.pids else None}).fetchone()
        assert row is not None
        count, waiter, holder = row
        if not count:
            return None
        more = f" and {count - 1} more" if count > 1 else ""
        return f"pid {waiter}{more} waits for a lock of a running batch (pid {holder}), the limit is none (expand.yield_to_waiting)"
