"""Room on the server's disks: a backfill writes every row anew, and a full disk stops the service."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import ClassVar

from bgmigrate.backfill.throttles.throttle import Unobservable, bytes_text
from bgmigrate.database import Connection
from bgmigrate.sql import compose

# data_directory is a row for pg_read_all_settings (part of pg_monitor) only; a table's tablespace is where its rows go.
_PATHS = """
    SELECT inet_server_addr()::text, pg_backend_pid(), (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
           (SELECT pg_tablespace_location(reltablespace) FROM pg_class WHERE oid = %s::regclass AND reltablespace <> 0)
"""


class Disk:
    """`limit`: bytes that must stay free. Seen only where the server runs on this machine: PostgreSQL itself does not tell."""

    name: ClassVar[str] = "disk"
    setting: ClassVar[str] = "min_free_disk"

    def __init__(self, limit: int, table: str) -> None:
        self.limit, self.table = limit, table

    def reason(self, connection: Connection) -> str | None:
        """Name the directory with least room, when that is too little."""
        row = connection.execute(_PATHS, [compose("{t:t}", t=self.table)]).fetchone()
        assert row is not None
        address, pid, data, tablespace = row
        if data is None:
            raise Unobservable("the server's data_directory is hidden from this role", grant=True)
        if not _here(address, pid):
            raise Unobservable("the server runs on another machine, or in a container (use expand.throttle_query, or watch its disk there)")
        try:
            free, where = min((_free(path), path) for path in _paths(data, tablespace))
        except OSError as error:
            raise Unobservable(f"{error.filename}: {error.strerror}") from error
        if free >= self.limit:
            return None
        return f"{bytes_text(free)} are free on the disk of {where}, the limit is {bytes_text(self.limit)} (expand.min_free_disk)"


def _paths(data: str, tablespace: str | None) -> list[str]:
    """The data directory, the table's tablespace, and the WAL where it may be a disk of its own and we may look."""
    wal = os.path.join(data, "pg_wal")
    return [data, *([tablespace] if tablespace else []), *([wal] if os.path.exists(wal) else [])]


def _free(path: str) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def _here(address: str | None, pid: int) -> bool:
    """Is the server a process of this machine? A forwarded port has a local address, too, but its backend is no process here."""
    if address is not None and not ipaddress.ip_interface(address).ip.is_loopback:
        return False
    if not Path("/proc/self/comm").exists():
        return True  # no Linux: the address has to do
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("postgres")
    except OSError:
        return False
