"""WAL files that wait for the archiver: they stay on the server's disk, and the last backup falls behind."""

from __future__ import annotations

from typing import ClassVar

from bgmigrate.backfill.throttles.throttle import Unobservable, bytes_text
from bgmigrate.database import Connection

_SETTINGS = """
    SELECT current_setting('archive_mode') <> 'off', (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'),
           has_function_privilege('pg_ls_archive_statusdir()', 'EXECUTE')
"""
_READY = "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name ~ '^[0-9A-F]{24}\\.ready$'"
# What any role may see: the file archived last and the one that is written. A segment's name is timeline, 4 GB unit and number within it, in hex.
_BETWEEN = """
    SELECT n.now - n.last - 1, a.failed_count
      FROM pg_stat_archiver a, LATERAL (
        SELECT ('x' || substr(f.file, 9, 8))::bit(32)::bigint * (4294967296 / %(segment)s) + ('x' || substr(f.file, 17, 8))::bit(32)::bigint AS now,
               ('x' || substr(a.last_archived_wal, 9, 8))::bit(32)::bigint * (4294967296 / %(segment)s)
               + ('x' || substr(a.last_archived_wal, 17, 8))::bit(32)::bigint AS last
          FROM (SELECT pg_walfile_name(pg_current_wal_lsn()) AS file) f) n
     WHERE a.last_archived_wal ~ '^[0-9A-F]{24}'
"""


class ArchiveBacklog:
    """`limit`: bytes that may wait. Counted file by file where the role may (pg_monitor), else from the names of the first and last."""

    name: ClassVar[str] = "archive_backlog"
    setting: ClassVar[str] = "max_archive_backlog"

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def reason(self, connection: Connection) -> str | None:
        """Say how many files wait, when that is too many. Without archiving none does."""
        row = connection.execute(_SETTINGS).fetchone()
        assert row is not None
        archives, segment, may_list = row
        if not archives:
            return None
        files = self._listed(connection) if may_list else self._between(connection, segment)
        if files * segment <= self.limit:
            return None
        waits = f"{files} WAL files ({bytes_text(files * segment)}) wait for the archiver"
        return f"{waits}, the limit is {bytes_text(self.limit)} (expand.max_archive_backlog)"

    def _listed(self, connection: Connection) -> int:
        row = connection.execute(_READY).fetchone()
        assert row is not None
        return int(row[0])

    def _between(self, connection: Connection, segment: int) -> int:
        row = connection.execute(_BETWEEN, {"segment": segment}).fetchone()
        if row is None:
            raise Unobservable("nothing has been archived since the server's statistics began, so there is nothing to count from", grant=True)
        return int(row[0])
