"""How fast the cluster writes WAL: standbys replay it in one thread, archives and backups carry all of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from bgmigrate.backfill.throttles.throttle import bytes_text
from bgmigrate.database import Connection

WINDOW = 5.0  # seconds over which the rate is taken; shorter, one checkpoint's full pages would stop us
_SHORTEST = 0.2  # seconds; a rate over less is noise


class WalRate:
    """`limit`: bytes a second, of everybody together: ours and the application's."""

    name: ClassVar[str] = "wal_rate"
    setting: ClassVar[str] = "max_wal_rate"

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self._clock = limit, clock
        self._seen: deque[tuple[float, int]] = deque()

    def reason(self, connection: Connection) -> str | None:
        """Say the rate over the last seconds, when it is too high; the first look has nothing to compare with."""
        row = connection.execute("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint").fetchone()
        assert row is not None
        now = self._clock()
        self._seen.append((now, row[0]))
        while len(self._seen) > 2 and now - self._seen[1][0] >= WINDOW:
            self._seen.popleft()
        when, position = self._seen[0]
        if now - when < _SHORTEST:
            return None
        rate = (row[0] - position) / (now - when)
        if rate <= self.limit:
            return None
        return f"the cluster writes {bytes_text(rate)} of WAL a second, the limit is {bytes_text(self.limit)} (expand.max_wal_rate)"
