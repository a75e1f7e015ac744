"""One statement of a rehearsed revision, with what the server did for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Phase = Literal["expand", "rollback", "contract"]

# Weakest first (PostgreSQL documentation, 13.3.1 Table-Level Locks).
MODES = (
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock",
    "AccessExclusiveLock",
)
# ROW EXCLUSIVE, which every writer takes, waits for these; ACCESS SHARE, which every reader takes, for the last alone.
AGAINST_WRITES, AGAINST_READS = frozenset(MODES[4:]), frozenset(MODES[7:])


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A lock on a relation that was there before the phase began. `kind` is the catalog's relkind."""

    relation: str
    mode: str
    kind: str = "r"

    @property
    def spelt(self) -> str:
        """The mode as SQL has it: ACCESS EXCLUSIVE."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.mode.removesuffix("Lock")).upper()

    def as_json(self) -> dict[str, str]:
        """As `rehearse --json` has it."""
        return {"relation": self.relation, "mode": self.spelt}


def strongest(locks: Iterable[Lock]) -> Lock | None:
    """The one that blocks most."""
    return max(locks, key=lambda x: MODES.index(x.mode), default=None)


def spoken(seconds: float) -> str:
    """A duration as people say it."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


@dataclass(kw_only=True)
class Statement:
    """What one statement did. `locks` are new with it, `held` were taken by earlier ones of its transaction; names are those of the live relations.

    `seconds` is what it took on the copy, `estimate_seconds` what it would take on the live tables (None: not known). `scanned`: relation to the
    rows read by sequential scans on the copy. `stalls`: relation to the longest wait of a reader and of a writer beside it, in seconds.
    """

    revision: str
    op: str
    phase: Phase
    sql: str
    path: str = ""
    line: int | None = None
    locks: tuple[Lock, ...] = ()
    held: tuple[Lock, ...] = ()
    rewrites: tuple[str, ...] = ()
    indexes_built: tuple[str, ...] = ()
    built_on: tuple[str, ...] = ()  # the tables of these indexes
    verified: tuple[str, ...] = ()  # tables whose every row was checked against a constraint
    validated: tuple[str, ...] = ()  # the constraints that were
    proved: tuple[str, ...] = ()  # what a constraint that stands already proved, so that no row was read
    scanned: dict[str, int] = field(default_factory=dict)
    scanned_rows: int | None = 0
    lock_timeout: str = "0"
    seconds: float = 0.0
    began: float = 0.0  # by the monotonic clock
    estimate_seconds: float | None = None
    stalls: dict[str, dict[str, float]] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    error: str = ""
    sqlstate: str | None = None

    @property
    def every(self) -> tuple[Lock, ...]:
        """All locks that are held while it runs, on tables and what can be read like one."""
        return tuple(x for x in (*self.locks, *self.held) if x.kind in "rpmv")

    @property
    def blocks_writes(self) -> tuple[str, ...]:
        """The relations that nobody can write meanwhile; a materialized view is written by nobody anyway."""
        return tuple(sorted({x.relation for x in self.every if x.mode in (AGAINST_READS if x.kind == "m" else AGAINST_WRITES)}))

    @property
    def blocks_reads(self) -> tuple[str, ...]:
        """The relations that nobody can read meanwhile."""
        return tuple(sorted({x.relation for x in self.every if x.mode in AGAINST_READS}))

    @property
    def read_whole(self) -> tuple[str, ...]:
        """The tables of which every row was read, written anew or put into an index."""
        return tuple(sorted({*self.rewrites, *self.built_on, *self.verified, *self.scanned}))

    def as_json(self) -> dict[str, Any]:
        """As `rehearse --json` has it."""
        out: dict[str, Any] = {
            "revision": self.revision, "op": self.op, "sql": self.sql, "phase": self.phase, "locks": [x.as_json() for x in self.locks],
            "held": [x.as_json() for x in self.held], "blocks_reads": bool(self.blocks_reads), "blocks_writes": bool(self.blocks_writes),
            "scanned_rows": self.scanned_rows, "rewrites": list(self.rewrites), "indexes_built": list(self.indexes_built),
            "validated": list(self.validated), "seconds": round(self.seconds, 4),
            "estimate_seconds": None if self.estimate_seconds is None else round(self.estimate_seconds, 3), "codes": list(self.codes),
            "lock_timeout": self.lock_timeout, "stalls": self.stalls,
        }
        return out | {k: v for k, v in (("path", self.path), ("line", self.line), ("error", self.error)) if v}
