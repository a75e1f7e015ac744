"""The loop: claim a range, run its batch, commit its watermark with it. Killed anywhere, it loses at most the batch that ran."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace

import psycopg

from bgmigrate import faults
from bgmigrate.backfill.batch import Batch
from bgmigrate.backfill.keys import Key, key_of
from bgmigrate.backfill.pace import Pace
from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.journal import backfills
from bgmigrate.journal.backfills import Backfill
from bgmigrate.locking import RETRIED, blockers, lock_not_had, set_local
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings
from bgmigrate.sql import compose

# A value or a rule of the database refuses the row: no retry helps.
ROW_REFUSED = (psycopg.errors.DataError, psycopg.errors.IntegrityError, psycopg.errors.RaiseException)


@dataclass(frozen=True, kw_only=True)
class _Run:
    connection: Connection
    batch: Batch
    budget: ExpandSettings
    progress: Progress
    patience: float  # seconds a batch waits for a row: below deadlock_timeout, so that no application writer is chosen as a victim

    @property
    def table(self) -> str:
        return self.batch.table


def run(connection: Connection, state: Backfill, batch: Batch, *, budget: ExpandSettings, progress: Progress) -> Backfill:
    """Run the batch over every row that is not done, from where the journal says it stopped.

    Raises Refused (BGM916) when the database refused rows: the others are done, the refused ones are in the journal with key and error.
    Raises Conflict when rows stayed locked for longer than the lock deadline.
    """
    if state.state == "done":
        return state
    patience = min(0.4, _seconds(connection, "SELECT setting::float8 / 1000 FROM pg_settings WHERE name = 'deadlock_timeout'") * 0.5)
    job = _Run(connection=connection, batch=batch, budget=budget, progress=progress, patience=patience)
    if state.failures:  # a person has looked at them: all is visited again, and what is done is not touched
        with connection.transaction():
            backfills.clear_failures(connection, state.id)
        state = replace(state, failures=0, watermark=None, upper=None)
    key = key_of(connection, batch.table)
    state = _by_key(job, key, state) if key else _by_page(job, state)
    progress.done()
    with connection.transaction():
        backfills.finish(connection, state.id)
    if state.failures:
        raise _refused(connection, state)
    return replace(state, state="done")


def _by_key(job: _Run, key: Key, state: Backfill) -> Backfill:
    """Visit the keys from the watermark to the highest key there was when the trigger had been committed."""
    c, pace = job.connection, Pace(job.budget.batch_target)
    if state.upper is None:
        top = c.execute(
            compose("SELECT {k:q} FROM {t:t} ORDER BY {o:q} LIMIT 1", k=key.as_text, t=job.table, o=key.descending).encode()
        ).fetchone()
        if top is None:
            return state
        with c.transaction():
            backfills.set_upper(c, state.id, list(top))
        state = replace(state, upper=list(top))
    assert state.upper is not None
    total = max(1.0, _seconds(c, compose("SELECT reltuples::float8 FROM pg_class WHERE oid = {t:l}::regclass", t=compose("{t:t}", t=job.table))))
    visited, started = 0, time.monotonic()
    while state.watermark != state.upper:
        end = c.execute(
            compose(
                "SELECT {k:q} FROM {t:t} WHERE {w:q} ORDER BY {o:q} OFFSET {n:l} LIMIT 1",
                k=key.as_text, t=job.table, w=key.between(state.watermark, state.upper), o=key.order, n=pace.size - 1,
            ).encode()
        ).fetchone()
        upto = list(end) if end else state.upper
        within = key.between(state.watermark, upto)
        outcome = _batch(job, state, within, upto, pace)
        if isinstance(outcome, psycopg.Error):
            if pace.size > 1:
                pace.failed()
                continue
            outcome = _skip(job, state, upto, outcome)
        visited += pace.size
        state = outcome
        elapsed = time.monotonic() - started
        job.progress.advance(f"backfill {job.table}", state.rows, min(1.0, visited / total), state.rows / elapsed if elapsed else 0)
    return state


def _by_page(job: _Run, state: Backfill) -> Backfill:
    """A table without a key: sweep its pages, again until a sweep finds nothing, for rows move between pages while they are updated."""
    c, pace = job.connection, Pace(job.budget.batch_target, size=32)
    while True:
        before = state.rows
        pages = int(_seconds(c, compose("SELECT pg_relation_size({t:l}::regclass) / 8192.0", t=compose("{t:t}", t=job.table))))
        page = int(state.watermark[0]) if state.watermark else 0
        while page <= pages:
            end = page + pace.size
            within = compose("ctid >= {a:l}::tid AND ctid < {b:l}::tid", a=f"({page},0)", b=f"({end},0)")
            outcome = _batch(job, state, within, [str(end)], pace)
            if isinstance(outcome, psycopg.Error):
                if pace.size > 1:
                    pace.failed()
                    continue
                outcome = _skip(job, state, [str(end)], outcome)
            state, page = outcome, end
            job.progress.advance(f"backfill {job.table}", state.rows, min(1.0, page / (pages + 1)), 0)
        if state.rows == before or state.failures:
            return state
        state = replace(state, watermark=None)


def _batch(job: _Run, state: Backfill, within: str, upto: list[str], pace: Pace) -> Backfill | psycopg.Error:
    """Do one range and record it, in one transaction. Returns the database's error when it refuses a row."""
    c, deadline = job.connection, time.monotonic() + job.budget.lock_deadline
    while True:
        faults.point()
        began = time.monotonic()
        try:
            with c.transaction():
                set_local(c, lock_timeout=job.patience, statement_timeout=60)
                rows = c.execute(job.batch.statement(within).encode()).rowcount
                took = time.monotonic() - began
                backfills.advance(c, state.id, upto, rows, took)
        except RETRIED as error:
            if time.monotonic() >= deadline:
                raise lock_not_had([job.table], blockers(c, [job.table]), job.budget.lock_deadline) from error
            time.sleep(random.uniform(0.01, 0.2))
            continue
        except ROW_REFUSED as error:
            return error
        pace.took(took)
        return replace(state, watermark=upto, rows=state.rows + rows, batches=state.batches + 1, seconds=state.seconds + took)


def _skip(job: _Run, state: Backfill, upto: list[str], error: psycopg.Error) -> Backfill:
    """Leave out one row (or page) that the database refuses, and remember it with the server's words."""
    reason = (error.diag.message_primary or str(error)).strip()
    with job.connection.transaction():
        backfills.fail_row(job.connection, state.id, upto, reason)
        backfills.advance(job.connection, state.id, upto, 0, 0.0)
    job.progress.step(f"  {job.table}: row {', '.join(upto)} refused: {reason}")
    return replace(state, watermark=upto, failures=state.failures + 1)


def _refused(connection: Connection, state: Backfill) -> Refused:
    shown = "; ".join(f"key {', '.join(f.key)}: {f.error}" for f in backfills.failures(connection, state.id)[:5])
    return Refused(
        f"{state.failures} row(s) of {state.table} were refused by the database: {shown}",
        why="These rows have no value in the new column yet; all others have. Contract would lose them, so it stays closed.",
        next="Mend these rows (or the expression), then run `bgmigrate expand` again: it visits what is left.",
        code="BGM916",
    )


def _seconds(connection: Connection, query: str) -> float:
    row = connection.execute(query.encode()).fetchone()
    return float(row[0]) if row else 1.0


