"""Standbys that replay late: what reads from them reads old rows, and a failover waits for them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import ClassVar

from bgmigrate.backfill.throttles.throttle import Unobservable, bytes_text
from bgmigrate.database import Connection

# A replay_lag that the server reports is the last one measured: it stays small when replay is paused, and stays what it was when a standby has
# caught up and nothing more is written (documentation, 27.2.4). So positions decide: a standby that has replayed all that was flushed is not behind.
_STANDBYS = """
    SELECT r.state IS NULL, coalesce(nullif(r.application_name, ''), r.client_addr::text, 'pid ' || r.pid),
           (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint, (r.replay_lsn - '0/0'::pg_lsn)::bigint, extract(epoch FROM r.replay_lag)::float8
      FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid
     WHERE r.state IS NULL OR r.state = 'streaming' AND r.replay_lsn IS NOT NULL AND s.slot_type IS DISTINCT FROM 'logical'
"""
_MOST = 4096  # positions kept; beyond that every second one goes


class ReplicaLag:
    """`limit`: seconds. A standby's lag is the age of the first position that it has not replayed, as we saw it flushed or the server measured."""

    name: ClassVar[str] = "replica_lag"
    setting: ClassVar[str] = "max_replica_lag"

    def __init__(self, limit: float, ignored: Sequence[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.ignored, self._clock = limit, ignored, clock
        self._flushed: deque[tuple[float, int]] = deque()  # when seen, position

    def reason(self, connection: Connection) -> str | None:
        """Name the standby that is furthest behind, when that is too far."""
        rows = connection.execute(_STANDBYS).fetchall()
        if any(hidden for hidden, *_ in rows):
            raise Unobservable("there are standbys, and their positions are hidden from this role", grant=True)
        now = self._clock()
        if rows:
            self._see(now, rows[0][2])
        counted = [r[1:] for r in rows if not self._ignores(r[1])]
        late = [(self._lag(now, replayed, reported), name, flushed - replayed) for name, flushed, replayed, reported in counted]
        lag, name, behind = max(late, default=(0.0, "", 0))
        if lag <= self.limit:
            return None
        return f"standby {name} is {lag:.1f} s ({bytes_text(behind)}) behind, the limit is {self.limit:g} s (expand.max_replica_lag)"

    def _ignores(self, name: str) -> bool:
        """A standby that is late on purpose (recovery_min_apply_delay), which a primary cannot tell."""
        return any(fnmatchcase(name, glob) for glob in self.ignored)

    def _see(self, now: float, flushed: int) -> None:
        if not self._flushed or flushed > self._flushed[-1][1]:
            self._flushed.append((now, flushed))
        if len(self._flushed) > _MOST:
            self._flushed = deque(list(self._flushed)[::2])

    def _lag(self, now: float, replayed: int, reported: float | None) -> float:
        if not self._flushed or replayed >= self._flushed[-1][1]:
            return 0.0
        return max(now - next(when for when, position in self._flushed if position > replayed), reported or 0.0)
