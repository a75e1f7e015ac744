"""PostgreSQL 15 from the machine's own packages."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.servers import programs

BINARIES = Path("/usr/lib/postgresql/15/bin")


def missing() -> str | None:
    """Why it cannot be had."""
    if not (BINARIES / "initdb").is_file():
        return f"no {BINARIES} (Debian's package postgresql-15)"
    return programs.unrunnable()


def start() -> contextlib.AbstractContextManager[str]:
    """Its URL; files and processes go at the end."""
    return programs.start(BINARIES, "debian15")
