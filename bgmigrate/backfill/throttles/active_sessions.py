"""Sessions that run a statement: when all the server's processors are taken, ours would be one more that the others wait for."""

from __future__ import annotations

from typing import ClassVar

from bgmigrate.backfill.throttles.throttle import require_statistics
from bgmigrate.database import Connection

_ACTIVE = """
    SELECT count(*) FROM pg_stat_activity
     WHERE state = 'active' AND backend_type IN ('client backend', 'parallel worker') AND application_name NOT LIKE 'bgmigrate/%'
"""


class ActiveSessions:
    """`limit`: how many of others' sessions may be active, in all databases of the server."""

    name: ClassVar[str] = "active_sessions"
    setting: ClassVar[str] = "max_active_sessions"

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def reason(self, connection: Connection) -> str | None:
        """Say how many are active, when they are too many."""
        require_statistics(connection)
        row = connection.execute(_ACTIVE).fetchone()
        assert row is not None
        return f"{row[0]} sessions are active, the limit is {self.limit} (expand.max_active_sessions)" if row[0] > self.limit else None
