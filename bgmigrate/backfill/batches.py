"""One batch, in a transaction of its own: the range is still ours, its rows are written, and the journal says so; all three or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import psycopg

from bgmigrate import faults
from bgmigrate.backfill.compare_and_set import CompareAndSet
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.session import ROW_REFUSED
from bgmigrate.backfill.transform import TransformFailed
from bgmigrate.backfill.walk import Walk
from bgmigrate.database import Connection
from bgmigrate.journal import backfills, due, ranges
from bgmigrate.journal.ranges import Range
from bgmigrate.sql import compose, template

REFUSALS = (*ROW_REFUSED, TransformFailed)
COMPUTING = 0.05  # of the time that a function in Python takes counts for the pace: a batch of it is to last about half a second


@dataclass(frozen=True, kw_only=True)
class Wrote:
    """Rows of a batch, those of them that stayed in their page, and how long it took, in seconds, as the pace counts them."""

    rows: int = 0
    hot: int = 0
    seconds: float = 0.0

    def __add__(self, other: Wrote) -> Wrote:
        return Wrote(rows=self.rows + other.rows, hot=self.hot + other.hot, seconds=self.seconds + other.seconds)


@dataclass(frozen=True, kw_only=True)
class Batches:
    """How a job's batches are run."""

    backfill: int
    job: Job
    walk: Walk
    relations: list[int]  # the table's oid, or its partitions'
    at_once: bool  # a batch is one message, for the session has the function that runs it
    making: CompareAndSet | None = None  # where Python makes the values
    places: dict[int, list[tuple[int, int]] | None] = field(default_factory=dict)  # the pages of the parts of the range that is at work

    @classmethod
    def of(cls, c: Connection, backfill: int, job: Job, walk: Walk) -> Batches:
        """The batches of a job, in this session."""
        table = compose("{t:t}", t=job.table)
        leaves = "SELECT relid::oid::bigint FROM pg_partition_tree(%s::regclass) WHERE isleaf UNION SELECT %s::regclass::oid::bigint"
        found = c.execute(leaves, [table, table])
        temporary = c.execute("SELECT has_database_privilege(current_database(), 'TEMP')").fetchone()
        if at_once := job.transform is None and temporary == (True,):
            c.execute(template("write_batch").encode())
        making = CompareAndSet(job.table, job.key, job.transform) if job.transform and job.key else None
        return cls(backfill=backfill, job=job, walk=walk, relations=[r[0] for r in found], at_once=at_once, making=making)

    def step(self, c: Connection, r: Range, size: int) -> tuple[Range | None, Wrote]:
        """The range's next pass over one of its parts (of about `size` rows, or pages). None instead of the range when it is done, or no longer ours.

        When a COMMIT's answer was lost, the journal knows: the step that it has is the one to go on with.
        """
        done = r.step + 1 == r.steps
        within = self._condition(c, r, size)
        written = self._in_one_message(c, r, within, done) if self.at_once else self._in_steps(c, r, within, done)
        if written is None:
            return ranges.held(c, r), Wrote()
        return None if done else replace(r, step=r.step + 1), written

    def _in_one_message(self, c: Connection, r: Range, within: str, done: bool) -> Wrote | None:
        faults.point()
        found = ranges.write(c, r, self.job.batch(within), relations=self.relations, done=done)
        return Wrote(rows=found[0], hot=found[1], seconds=found[2]) if found else None

    def _in_steps(self, c: Connection, r: Range, within: str, done: bool) -> Wrote | None:
        write, computing = self._prepared(c, within)
        with self._transaction(c, r) as now:
            if now != r:
                return None
            began, before = time.monotonic(), ranges.stayed(c, self.relations)
            rows = write(c)
            hot, took = ranges.stayed(c, self.relations) - before, time.monotonic() - began
            ranges.advance(c, r, step=r.step + 1, rows=rows, hot=hot, seconds=took + computing, done=done)
        return Wrote(rows=rows, hot=hot, seconds=max(took, computing * COMPUTING))

    def _condition(self, c: Connection, r: Range, size: int) -> str:
        """The rows of a range's next step. The last pass takes all that are left: some may have moved from where they were looked for."""
        within = self.walk.all_within(*r.next) if self.at_once else self.walk.within(*r.next)  # in steps, bitmaps are off
        if r.number == r.stripes - 1:
            return within
        if pages := self._pages(c, r, size):
            low, high = min(pages[n][0] for n in r.parts), max(pages[n][1] for n in r.parts)
            # A test for truth is nothing that an index answers: the pages are read, whatever the planner thinks of the key.
            keys, first, end = self.walk.within(*r.next), f"({low},0)", f"({high + 1},0)"
            within = compose("({k:q}) IS TRUE AND ctid >= {a:l}::tid AND ctid < {b:l}::tid", k=keys, a=first, b=end)
        return compose("{w:q} AND {s:q}", w=within, s=self.walk.stripe(r.number, r.stripes))

    def _pages(self, c: Connection, r: Range, size: int) -> list[tuple[int, int]] | None:
        """Where the range's parts stood when it was begun, or taken over: later, rows that are written may stand elsewhere."""
        if r.id not in self.places:
            self.places.clear()
            self.places[r.id] = self.walk.pages(c, r.after, r.bounds, size)
        return self.places[r.id]

    def _prepared(self, c: Connection, within: str) -> tuple[Callable[[Connection], int], float]:
        """What writes the rows within a condition, inside a transaction, and the seconds that went before it, in which nothing is locked."""
        if (making := self.making) is None:
            return lambda c: c.execute(self.job.batch(within).encode()).rowcount, 0.0
        began = time.monotonic()
        made = making.make(c, within)

        def write(c: Connection) -> int:
            lost = making.write(c, made)
            due.add(c, self.backfill, lost)  # they have changed: a catch-up pass reads them again
            return len(made) - len(lost)

        return write, time.monotonic() - began

    def isolate(self, c: Connection, r: Range, size: int, say: Callable[[list[str], str], None]) -> Iterator[Wrote]:
        """Visit a range in which the database has refused a row, in ever smaller parts, until only such rows are left out, and recorded.

        Gives what each part wrote; the caller may stop there, and the range is then as far as it says.
        """
        largest, upper = size, r.bounds[-1]
        while True:
            end = self.walk.ends(c, r.after, upper, size, 1)[0]
            began = time.monotonic()
            try:
                write, _ = self._prepared(c, self.walk.within(r.after, end))
                with self._transaction(c, r) as now:
                    if now is None:
                        return
                    rows = write(c)
                    took = time.monotonic() - began
                    ranges.cut(c, r, end, [upper] if end != upper else [], rows=rows, seconds=took)
            except (*REFUSALS, psycopg.errors.QueryCanceled) as error:
                if size > 1:
                    size //= 2
                    continue
                if isinstance(error, psycopg.errors.QueryCanceled):
                    raise
                rows, refused = self._one_by_one(c, r, end, refusal(error))
                took = time.monotonic() - began
                with self._transaction(c, r) as now:
                    if now is None:
                        return
                    for key, words in refused:
                        backfills.fail_row(c, self.backfill, key, words)
                    if self.making:
                        due.add(c, self.backfill, [key for key, _ in refused])  # a catch-up pass tries them again
                    ranges.cut(c, r, end, [upper] if end != upper else [], rows=rows, seconds=took if rows else 0.0)
                for key, words in refused:
                    say(key, words)
            size = min(size * 2, largest)
            r = replace(r, after=end)
            yield Wrote(rows=rows, seconds=took)
            if end == upper:
                return

    def _one_by_one(self, c: Connection, r: Range, end: list[str], words: str) -> tuple[int, list[tuple[list[str], str]]]:
        """What is left of the smallest range: how many of its rows are written, and the refused ones. One of a key is one row; a page holds many.

        A row is known by its place then. One that moves meanwhile is met again by the next sweep.
        """
        places = self.walk.rows_in(c, r.after, end)
        if places is None:
            return 0, [(end, words)]
        written, refused, parts = 0, list[tuple[list[str], str]](), [places] if places else []
        while parts:
            part = parts.pop()
            try:
                with self._transaction(c, r) as now:
                    if now is None:
                        return written, []
                    written += c.execute(self.job.batch(self.walk.at(part)).encode()).rowcount
            except REFUSALS as error:
                middle = len(part) // 2
                if middle:
                    parts += [part[middle:], part[:middle]]
                else:
                    refused.append((self.walk.name(c, part[0]), refusal(error)))
        return written, refused

    @contextmanager
    def _transaction(self, c: Connection, r: Range) -> Iterator[Range | None]:
        faults.point()
        with c.transaction():
            yield ranges.held(c, r)


def refusal(error: Exception) -> str:
    """Why a row is refused: the server's words, or the function's."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return (said or str(error)).strip()
