"""WAL that replication slots keep: a consumer that has stopped reading fills the disk with what we write."""

from __future__ import annotations

from typing import ClassVar

from bgmigrate.backfill.throttles.throttle import bytes_text
from bgmigrate.database import Connection

# Any role may read these. A slot whose WAL is gone ("lost") keeps nothing back.
_SLOTS = """
    SELECT slot_name::text, active, (pg_current_wal_lsn() - restart_lsn)::bigint FROM pg_replication_slots
     WHERE restart_lsn IS NOT NULL AND wal_status IS DISTINCT FROM 'lost' ORDER BY restart_lsn LIMIT 1
"""


class SlotBacklog:
    """`limit`: bytes that a slot may keep."""

    name: ClassVar[str] = "slot_backlog"
    setting: ClassVar[str] = "max_slot_backlog"

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def reason(self, connection: Connection) -> str | None:
        """Name the slot that keeps most."""
        row = connection.execute(_SLOTS).fetchone()
        if row is None or row[2] <= self.limit:
            return None
        who = f"slot {row[0]} ({'active' if row[1] else 'nobody is connected to it'})"
        return f"{who} keeps {bytes_text(row[2])} of WAL, the limit is {bytes_text(self.limit)} (expand.max_slot_backlog)"
