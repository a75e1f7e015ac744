"""May the next batch run? What a person wants, what the throttles see; and how far the backfill is, for whoever watches."""

from __future__ import annotations

import threading
import time

from bgmigrate.backfill.job import Job
from bgmigrate.backfill.walk import lowest, walk_of
from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.journal import backfills
from bgmigrate.journal.backfills import Backfill
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings
from bgmigrate.sql import compose

LOOK = 0.25  # seconds between looks at the journal


class Permission:
    """`speaks`: one of a process's workers shows how far all of them are."""

    def __init__(self, backfill: int, job: Job, budget: ExpandSettings, progress: Progress, stop: threading.Event, *, speaks: bool) -> None:
        self.id, self.job, self.budget, self.progress, self.stop, self.speaks = backfill, job, budget, progress, stop, speaks
        self._looked = 0.0
        self._walk = walk_of(job)
        self._low: list[str] | None = None
        self._total: float | None = None
        self._from: tuple[float, int] | None = None

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
            reason = f"paused by {state.wanted_by} (bgmigrate backfill --resume)" if state.wanted == "pause" else None
            if reason is None:
                if said:
                    backfills.wait_for(c, self.id, None)
                    self.progress.step(f"  backfill {state.table}: goes on")
                if self.speaks:
                    self._show(c, state)
                return True
            if reason != said:
                said = reason
                backfills.wait_for(c, self.id, reason)
                self.progress.step(f"  backfill {state.table}: waits: {reason}")
            self.stop.wait(LOOK)
        return False

    def _show(self, c: Connection, state: Backfill) -> None:
        if self._total is None:
            self._low = lowest(c, self.job)
            row = c.execute("SELECT reltuples::float8 FROM pg_class WHERE oid = %s::regclass", [compose("{t:t}", t=self.job.table)]).fetchone()
            self._total = float(row[0]) if row else 0.0
        if self._from is None:
            self._from = (self._looked, state.rows)
        assert state.upper is not None
        share = self._walk.share(self._low, state.watermark, state.upper, state.visited, self._total)
        elapsed = self._looked - self._from[0]
        self.progress.advance(f"backfill {state.table}", state.rows, share, (state.rows - self._from[1]) / elapsed if elapsed > 0 else 0.0)
