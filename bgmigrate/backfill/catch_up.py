"""Catch-up: rows that were written after a transform's pass, marked by a trigger, get their values; only marked rows are looked at."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from bgmigrate import faults
from bgmigrate.backfill.batches import REFUSALS, refusal
from bgmigrate.backfill.compare_and_set import CompareAndSet
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.pace import Pace
from bgmigrate.backfill.permission import Permission
from bgmigrate.backfill.session import IN_THE_WAY, Session
from bgmigrate.backfill.throttles import configured
from bgmigrate.database import Connection
from bgmigrate.journal import backfills, due
from bgmigrate.journal.due import Mark
from bgmigrate.locking import blockers, lock_not_had
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings

PASSES = 5  # in which writers may mark new rows: what is left then is left to the next run
BEGIN = 10  # rows in the first batch


@dataclass(frozen=True, kw_only=True)
class Caught:
    """Rows written, and rows that are still marked: refused, or marked meanwhile."""

    rows: int
    left: int


def catch_up(url: str, backfill: int, job: Job, *, budget: ExpandSettings, progress: Progress) -> Caught:
    """Visit the marked rows, pass after pass until a pass finds none; a bounded number, for writers go on marking.

    A row that is refused stays marked and is recorded with its error; the others go on. Raises Conflict when rows stayed locked for longer
    than the lock deadline, Refused when a person has cancelled or the function's answer has not the shape.
    """
    session = Session(url, f"backfill {job.table}", job.prepare)
    try:
        c = session.connection()
        backfills.clear_failures(c, backfill)
        one = _Pass(backfill, job, session, budget, progress)
        rows = 0
        for _ in range(PASSES):
            marked = due.last(session.connection(), backfill)
            if not marked:
                break
            rows += (wrote := one.visit(marked))
            if not wrote and due.last(session.connection(), backfill) == marked:
                break  # what is marked is refused
        if rows:
            progress.step(f"  backfill {job.table}: {rows:,} rows that were written meanwhile")
        with session.connection().transaction():
            backfills.finish(session.connection(), backfill)
        return Caught(rows=rows, left=due.count(session.connection(), backfill))
    finally:
        session.close()


class _Pass:
    def __init__(self, backfill: int, job: Job, session: Session, budget: ExpandSettings, progress: Progress) -> None:
        assert job.key is not None
        assert job.transform is not None
        self.id, self.job, self.session, self.budget, self.progress = backfill, job, session, budget, progress
        self.making = CompareAndSet(job.table, job.key, job.transform)
        self.pace = Pace(budget.batch_target, size=BEGIN, largest=5_000)
        throttles = configured(budget, table=job.table, say=progress.step)
        self.permission = Permission(backfill, job, throttles, progress, threading.Event(), speaks=False)

    def visit(self, upto: int) -> int:
        """Visit every mark up to this one, once. Returns how many rows were written."""
        at, rows, locked_since = 0, 0, None
        while True:
            try:
                c = self.session.connection()
                if not self.permission.given(c) or not (marks := due.between(c, self.id, at, upto, self.pace.size)):
                    return rows
                rows += self._batch(c, marks)
                at, locked_since = marks[-1][0], None
            except IN_THE_WAY as error:
                locked_since = locked_since or time.monotonic()
                if time.monotonic() - locked_since >= self.budget.lock_deadline:
                    c = self.session.connection()
                    raise lock_not_had([self.job.table], blockers(c, [self.job.table]), self.budget.lock_deadline) from error
                time.sleep(random.uniform(0.01, 0.2))
            except psycopg.OperationalError as error:
                if not self.session.lost(error):
                    raise
                self.session.close()

    def _batch(self, c: Connection, marks: Sequence[Mark]) -> int:
        began = time.monotonic()
        try:
            rows = self._write(c, marks)
        except REFUSALS as error:
            if len({tuple(key) for _, key in marks}) > 1:  # look for the row
                middle = len(marks) // 2
                return self._batch(c, marks[:middle]) + self._batch(c, marks[middle:])
            backfills.fail_row(c, self.id, marks[0][1], refusal(error))
            self.progress.step(f"  {self.job.table}: row {', '.join(marks[0][1])} refused: {refusal(error)}")
            return 0
        self.pace.took((time.monotonic() - began) * 0.1, len(marks))
        return rows

    def _write(self, c: Connection, marks: Sequence[Mark]) -> int:
        """One batch, in a transaction of its own: the rows are written and their marks go; a row that has changed meanwhile keeps its mark."""
        keys = list({tuple(key): key for _, key in marks}.values())
        made = self.making.make(c, self.making.among(keys))
        faults.point()
        with c.transaction():
            lost = {tuple(key) for key in self.making.write(c, made)}
            due.remove(c, self.id, [id for id, key in marks if tuple(key) not in lost])
        return len(made) - len(lost)
