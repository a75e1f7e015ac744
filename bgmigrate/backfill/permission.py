"""May the next batch run? What a person wants, what the throttles see; and how far the backfill is, for whoever watches."""

from __future__ import annotations

import threading
import time

from bgmigrate.backfill.job import Job
from bgmigrate.backfill.order import lowest, walk_of
from bgmigrate.backfill.throttles import Throttles
from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.journal import backfills
from bgmigrate.journal.backfills import Backfill
from bgmigrate.progress import Progress
from bgmigrate.sql import compose

LOOK = 0.25  # seconds between looks at the journal
BEGUN = 1.0  # seconds until there is a rate
SETTLED = 5.0  # … until it says something about the rest


class Permission:
    """`throttles`: a process's. `speaks`: one of its workers shows how far all of them are, and says why they wait.

    `share`, `rate` (rows a second) and `eta` (seconds) are what was seen last; None while nothing is known.
    """

    def __init__(self, backfill: int, job: Job, throttles: Throttles, progress: Progress, stop: threading.Event, *, speaks: bool) -> None:
        self.id, self.job, self.throttles, self.progress, self.stop, self.speaks = backfill, job, throttles, progress, stop, speaks
        self.share: float | None = None
        self.rate: float | None = None
        self.eta: float | None = None
        self._looked = 0.0
        self._walk = walk_of(job)
        self._low: list[str] | None = None
        self._total: float | None = None
        self._from: tuple[float, int, float] | None = None  # when, rows and share at the first look

    def given(self, c: Connection) -> bool:
        """Wait for as long as a person or a throttle says so. Returns False when the process ends or the backfill is gone.

        Raises Refused when a person has cancelled it.
        """
        if time.monotonic() - self._looked < LOOK:
            return True
        said = ""
        while not self.stop.is_set():
            self._looked = time.monotonic()
            state = backfills.get(c, self.id)
            if state is None:
                return False
            if state.wanted == "cancel":
                raise Refused(
                    f"the backfill of {state.table} was cancelled by {state.wanted_by}",
                    why="What is written stays and is kept in step; contract stays closed until every row is done.",
                    next="bgmigrate backfill --resume goes on; bgmigrate rollback undoes the expand.", code="BGM926",
                )
            reason, throttle = self._reason(c, state)
            if reason is None:
                if said:
                    self._tell(c, None, "")
                if self.speaks:
                    self._show(c, state)
                return True
            if throttle != said:
                said = throttle
                self._tell(c, reason, throttle)
            self.stop.wait(LOOK)
        return False

    def _reason(self, c: Connection, state: Backfill) -> tuple[str | None, str]:
        """Why the next batch waits, and the name of what makes it."""
        if state.wanted == "pause":
            return f"paused by {state.wanted_by} (bgmigrate backfill --resume)", "pause"
        reason = self.throttles.wait_reason(c)
        return reason, self.throttles.stopped_by or ""

    def _tell(self, c: Connection, reason: str | None, throttle: str) -> None:
        if not self.speaks:
            return
        backfills.wait_for(c, self.id, reason)
        self.progress.step(f"  backfill {self.job.table}: waits: {reason}" if reason else f"  backfill {self.job.table}: goes on")
        if reason:
            self.progress.event("throttled", backfill=self.id, table=self.job.table, reason=reason, throttle=throttle)
        else:
            self.progress.event("resumed", backfill=self.id, table=self.job.table)

    def _show(self, c: Connection, state: Backfill) -> None:
        if self._total is None:
            self._low = lowest(c, self.job)
            row = c.execute("SELECT reltuples::float8 FROM pg_class WHERE oid = %s::regclass", [compose("{t:t}", t=self.job.table)]).fetchone()
            self._total = float(row[0]) if row else 0.0
        assert state.upper is not None
        if self._from is None:
            self._from = (self._looked, state.rows, self._walk.share(self._low, state.watermark, state.upper, state.visited, self._total))
        share = self._walk.share(self._low, state.watermark, state.upper, state.visited, self._total)
        began, rows, at = self._from
        elapsed = self._looked - began
        rate = (state.rows - rows) / elapsed if elapsed > BEGUN else None
        self.share, self.rate = share, rate
        self.eta = (1 - share) / (share - at) * elapsed if share > at and elapsed > SETTLED else None
        self.progress.advance(f"backfill {state.table}", state.rows, share, rate)
