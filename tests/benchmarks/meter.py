"""What a piece of work costs a server on this machine: CPU time of all its processes, WAL, and how tables and indexes grow."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bgmigrate.database import Connection

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(kw_only=True)
class Cost:
    """Seconds of wall and CPU time, bytes of WAL, and by how many bytes the table and its indexes grew."""

    seconds: float = 0.0
    cpu: float = 0.0
    wal: int = 0
    table: int = 0
    indexes: int = 0


@contextlib.contextmanager
def metered(c: Connection, table: str) -> Iterator[Cost]:
    """The cost of what is done meanwhile; nobody else may be at work on this server."""
    cost = Cost()
    began, cpu, wal, rows, indexes = time.perf_counter(), server_cpu(c), *_sizes(c, table)
    yield cost
    cost.seconds = time.perf_counter() - began
    cost.cpu = server_cpu(c) - cpu
    now = _sizes(c, table)
    cost.wal, cost.table, cost.indexes = (int(a - b) for a, b in zip(now, (wal, rows, indexes), strict=True))


def _sizes(c: Connection, table: str) -> tuple[float, float, float]:
    row = c.execute(
        "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8, pg_table_size(%(t)s::regclass)::float8, pg_indexes_size(%(t)s::regclass)::float8", {"t": table}
    ).fetchone()
    assert row is not None
    return tuple(row)


def server_cpu(c: Connection) -> float:
    """User and system seconds of the postmaster's children, those that have ended included."""
    postmaster = _stat(c.info.backend_pid)[0]
    while True:
        ended, total = _stat(postmaster)[1], 0.0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    if _stat(int(entry.name))[0] == postmaster:
                        total += _own(entry)
        if _stat(postmaster)[1] == ended:  # else one has ended in between, and is in neither sum or in both
            return ended + total


def backend_cpu(c: Connection) -> float:
    """User and system seconds of this connection's backend alone: checkpoints and autovacuum are not its doing."""
    return _own(Path(f"/proc/{c.info.backend_pid}"))


def _own(process: Path) -> float:
    """CPU seconds of a process so far, to the nanosecond: what it costs to write a row is less than the clock's tick."""
    return int((process / "schedstat").read_text().split()[0]) / 1e9


def _stat(pid: int) -> tuple[int, float]:
    """The parent, and the CPU seconds of children that have ended (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), (int(fields[13]) + int(fields[14])) / _TICK
