"""A worker: claims a range, writes it batch by batch, and goes on to the next. Killed anywhere, it loses at most the batch that ran.

Any number may be at work, in threads, processes or on other machines: the journal is all they share.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time

import psycopg

from bgmigrate import faults
from bgmigrate.backfill.along_key import Keys
from bgmigrate.backfill.batches import REFUSALS, Batches, Wrote
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.layout import indexed, passes, room
from bgmigrate.backfill.order import walk_of
from bgmigrate.backfill.pace import Pace
from bgmigrate.backfill.permission import Permission
from bgmigrate.backfill.session import IN_THE_WAY, Session
from bgmigrate.backfill.stripes import Stripes
from bgmigrate.backfill.throttles import Throttles
from bgmigrate.backfill.vacuum import Vacuum
from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.journal import backfills, ranges
from bgmigrate.journal.ranges import Range
from bgmigrate.locking import blockers, lock_not_had
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings

FIRST, LATER = 0, 1  # passes over a range, as the pace knows them: in the first rows move, in the others they stay in their pages
TOGETHER = {4: 3.0, 3: 2.25, 2: 1.5, 1: 0.0}  # parts a later pass takes at once, where it is so many times as fast: hardly longer than the first
POLL = 0.2  # seconds between looks at what other workers do
UNKNOWN = 1  # rows in the first batch of a function in Python: it may take its time, and a lease must outlast it
_CLAIM = "SET LOCAL enable_sort = off"


class Worker:
    """`backfill`: its id in the journal, where its job must be. `stop`: set when the process ends; a worker looks before each batch."""

    def __init__(
        self, url: str, backfill: int, job: Job, *, budget: ExpandSettings, throttles: Throttles, progress: Progress, stop: threading.Event,
        number: int = 1,
    ) -> None:
        self.id, self.job, self.budget, self.progress, self.stop = backfill, job, budget, progress, stop
        self.name = f"{socket.gethostname()}/{os.getpid()}/{number}"
        self._session = Session(url, f"backfill {job.table}", job.prepare)
        self._permission = Permission(backfill, job, throttles, progress, stop, speaks=number == 1)
        self._walk = walk_of(job)
        self._paces: dict[int, Pace] = {}
        self._batches: Batches | None = None
        self._stripes = Stripes([], 1)
        self._vacuum: Vacuum | None = None
        self._range: Range | None = None
        self._size = 1  # of its parts
        self._written = self._first = Wrote()  # of the range; of its first pass
        self._locked_since: float | None = None
        self._why = ""

    def run(self) -> None:
        """Work until every range is done.

        Raises Refused when a person has cancelled or too many rows are refused, Conflict when rows stayed locked beyond the lock deadline.
        """
        try:
            while not self.stop.is_set() and self._once():
                pass
        finally:
            if self._vacuum is not None:
                self._vacuum.close()
            self._let_go()
            self._session.close()

    def _once(self) -> bool:
        """One batch, or a short wait; an error that another try may overcome is no error. Returns False when nothing is left."""
        try:
            going = self._step(self._session.connection())
            self._locked_since = None
            return going
        except IN_THE_WAY as error:
            self._in_the_way(error)
        except psycopg.OperationalError as error:
            if not self._session.lost(error):
                raise
            words = str(error).splitlines()[0]
            self.progress.step(f"  {self.job.table}: connection lost ({words}); connecting again")
            self.progress.event("retry", backfill=self.id, table=self.job.table, sqlstate=error.sqlstate, error=words)
            self._session.close()
            self._batches = None
        return True

    def _step(self, c: Connection) -> bool:
        if not self._permission.given(c):
            return False
        if self._batches is None:
            self._batches = Batches.of(c, self.id, self.job, self._walk)
            if self._vacuum is None and self.job.columns:
                self._vacuum = Vacuum(c, self._session.url, self.job.table, self.progress)
            most = passes(c, self.job.table) if self.job.key and self.job.columns else 1
            if self.job.by_page:
                self._say("page by page, for the key does not follow the table's order")
            self._stripes = Stripes(indexed(c, self.job.table, self.job.columns) if most > 1 else [], most, room(c, most))
        if self._range is None:
            faults.point()
            self._range = self._claim(c)
            self._written = self._first = Wrote()
        if self._range is not None:
            self._write(c, self._batches, self._range)
            return True
        if ranges.unfinished(c, self.id):
            self.stop.wait(POLL)  # others are at work; one that dies leaves its range to us
            return True
        return self._sweep_again(c)

    def _claim(self, c: Connection) -> Range | None:
        """A dead worker's range, else the next one; None when all are claimed."""
        with c.transaction():
            c.execute(_CLAIM)
            state = backfills.lock(c, self.id)
            if state is None or state.upper is None:
                return None
            ranges.fold(c, self.id)
            if found := ranges.take_over(c, self.id, self.name):
                self._size = self._pace(found.stripes).size  # about
                return found
            if state.claimed == state.upper:
                return None
            spread = self._walk.spread(c, state.claimed, state.upper) if self._stripes.able else 0.0
            passes = self._stripes.passes(spread)
            self._say(self._stripes.why)
            pace = self._pace(passes)
            self._size = pace.size
            parts = self._stripes.parts(passes, self._walk.extent(pace.size, spread), pace.seen)
            bounds = self._walk.ends(c, state.claimed, state.upper, pace.size, parts)
            backfills.set_claimed(c, self.id, bounds[-1], pace.size * len(bounds))
            together = next(parts for parts, faster in TOGETHER.items() if pace.times(FIRST, LATER) >= faster)
            return ranges.claim(c, self.id, self.name, state.claimed, bounds, passes, together)

    def _write(self, c: Connection, batches: Batches, r: Range) -> None:
        try:
            self._range, wrote = batches.step(c, r, self._size)
        except (*REFUSALS, psycopg.errors.QueryCanceled) as error:
            self._isolate(c, batches, r, error)
            return
        if wrote.seconds:
            self._pace(r.stripes).took(wrote.seconds, self._size, LATER if r.number else FIRST, len(r.parts))
            seen = self._permission
            self.progress.event(
                "batch", backfill=self.id, table=self.job.table, rows=wrote.rows, hot=wrote.hot, seconds=wrote.seconds, size=self._size,
                worker=self.name, share=seen.share, rate=seen.rate, eta=seen.eta,
            )
        self._written += wrote
        if self._vacuum is not None and r.stripes == 1:  # passes find room by themselves
            self._vacuum.wrote(wrote)
        if r.number == 0:
            self._first += wrote
        if self._range is None:
            self._stripes.wrote(r.stripes, self._written, self._first)

    def _isolate(self, c: Connection, batches: Batches, r: Range, error: Exception) -> None:
        size = self._pace(r.stripes).size

        def say(key: list[str], words: str) -> None:
            self.progress.step(f"  {self.job.table}: row {', '.join(key)} refused: {words}")
            self.progress.event("refused_row", backfill=self.id, table=self.job.table, key=key, error=words)

        self.progress.detail(f"{self.job.table}: {str(error).splitlines()[0]}; looking for the row")
        for _ in batches.isolate(c, r, max(1, size // 2), say):
            if self.stop.is_set() or not self._permission.given(c):
                return
            self._too_many(c)
        self._range = None

    def _too_many(self, c: Connection) -> None:
        state = backfills.get(c, self.id)
        if state is not None and state.failures > self.budget.max_refused_rows:
            last = backfills.failures(c, self.id)[-1].error
            raise Refused(
                f"the database refuses more than {self.budget.max_refused_rows} rows of {state.table}; the last: {last}",
                why="It is the expression that is wrong, not a row here and there. Nothing is lost: what is written agrees, contract stays closed.",
                next="Mend the expression (or raise expand.max_refused_rows), then run `bgmigrate expand` again.", code="BGM916",
            )

    def _sweep_again(self, c: Connection) -> bool:
        """Without a key rows may have moved to where we had been: look again, until nothing is found."""
        with c.transaction():
            state = backfills.lock(c, self.id)
            if state is None or isinstance(self._walk, Keys) or not state.sweep:
                return False
            if state.claimed == state.upper and (top := self._walk.top(c)):
                backfills.clear_failures(c, self.id)  # they are met again, maybe in another place
                backfills.set_upper(c, self.id, top)
                backfills.sweep_again(c, self.id)
        return True

    def _in_the_way(self, error: psycopg.Error) -> None:
        now = time.monotonic()
        self._locked_since = self._locked_since or now
        if now - self._locked_since >= self.budget.lock_deadline:
            c = self._session.connection()
            raise lock_not_had([self.job.table], blockers(c, [self.job.table]), self.budget.lock_deadline) from error
        self.progress.event("retry", backfill=self.id, table=self.job.table, sqlstate=error.sqlstate, error=str(error).splitlines()[0])
        if self._range is not None and isinstance(error, psycopg.errors.DeadlockDetected):
            self._pace(self._range.stripes).failed()
        self.stop.wait(random.uniform(0.01, 0.2))

    def _let_go(self) -> None:
        """Leave a range that is not done to whoever comes; when that fails its lease does."""
        if self._range is None:
            return
        try:
            ranges.release(self._session.connection(), self._range)
        except Exception as error:
            self.progress.detail(f"{self.job.table}: a range is left to its lease: {error}")

    def _pace(self, passes: int) -> Pace:
        """Rows (or pages) in a part: for passes of several, each writes a share of it."""
        if passes not in self._paces:
            begin = min(self._walk.begin, UNKNOWN) if self.job.transform else self._walk.begin
            self._paces[passes] = Pace(self.budget.batch_target, size=begin * passes, largest=self._walk.largest)
        return self._paces[passes]

    def _say(self, why: str) -> None:
        if why and why != self._why:
            self._why = why
            self.progress.step(f"  backfill {self.job.table}: {why}")
