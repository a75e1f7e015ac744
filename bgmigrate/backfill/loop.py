"""A whole backfill: what its workers need is recorded, they are let loose, and what came out is said."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from bgmigrate.backfill.batch import Batch
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.order import walk_of
from bgmigrate.backfill.throttles import configured
from bgmigrate.backfill.worker import Worker
from bgmigrate.database import Connection
from bgmigrate.errors import InfrastructureError, Refused
from bgmigrate.journal import backfills, ranges
from bgmigrate.journal.backfills import Backfill
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings


def run(
    connection: Connection, url: str, state: Backfill, batch: Batch, *, prepare: Sequence[str] = (), budget: ExpandSettings, progress: Progress
) -> Backfill:
    """Run the batch over every row that is not done, from where the journal says it stopped; others may help (`work`).

    Raises Refused (BGM916) when the database refused rows: the others are done, the refused ones are in the journal with key and error.
    Raises Conflict when rows stayed locked for longer than the lock deadline.
    """
    if state.state == "done":
        return state
    begun = Job.read(state.job) if state.job and state.upper and not state.failures else None
    job = Job.of(connection, batch, prepare, begun)
    with connection.transaction():
        if state.failures:
            backfills.begin_over(connection, state.id)
        backfills.prepare(connection, state.id, job.as_json())
    upper = state.upper if not state.failures else None
    if upper is None and (upper := walk_of(job).top(connection)):
        with connection.transaction():
            backfills.set_upper(connection, state.id, upper)
    if upper:
        work(url, state.id, job, budget=budget, progress=progress)
    _must_be_whole(connection, state)
    with connection.transaction():
        backfills.finish(connection, state.id)
    return refuse_failures(connection, state)


def work(url: str, backfill: int, job: Job, *, budget: ExpandSettings, progress: Progress) -> None:
    """Be `budget.workers` workers until every range is done. Raises the first error of any, when all have let go of their ranges."""
    stop = threading.Event()
    errors: list[BaseException] = []
    throttles = configured(budget, table=job.table, say=progress.step)
    workers = [
        Worker(url, backfill, job, budget=budget, throttles=throttles, progress=progress, stop=stop, number=n + 1) for n in range(budget.workers)
    ]
    progress.event("backfill_started", backfill=backfill, table=job.table, columns=list(job.columns))

    def beside(worker: Worker) -> None:
        try:
            worker.run()
        except BaseException as error:
            errors.append(error)
            stop.set()

    threads = [threading.Thread(target=beside, args=[w], name=w.name, daemon=True) for w in workers[1:]]
    for thread in threads:
        thread.start()
    try:
        workers[0].run()
    except BaseException as error:
        errors.insert(0, error)
        stop.set()
    for thread in threads:
        thread.join()
    progress.done()
    if errors:
        progress.event("backfill_failed", backfill=backfill, table=job.table, error=errors[0])
        raise errors[0]
    progress.event("backfill_done", backfill=backfill, table=job.table)


def _must_be_whole(connection: Connection, state: Backfill) -> None:
    """Workers end when nothing is left; that it is so is asked of the journal, for `done` opens contract's gate."""
    found = backfills.get(connection, state.id)
    if found is None or found.claimed != found.upper or ranges.unfinished(connection, state.id):
        raise InfrastructureError(
            f"the backfill of {state.table} has ended before its end", why="Rows are left that have no value in the new column yet.",
            next="Run the same command again: it goes on where it stopped.",
        )


def refuse_failures(connection: Connection, state: Backfill) -> Backfill:
    """The backfill as it stands. Raises Refused (BGM916) when rows of it were refused."""
    found = backfills.get(connection, state.id)
    assert found is not None
    if found.failures:
        raise _refused(connection, found)
    return found


def _refused(connection: Connection, state: Backfill) -> Refused:
    shown = "; ".join(f"key {', '.join(f.key)}: {f.error}" for f in backfills.failures(connection, state.id)[:5])
    return Refused(
        f"{state.failures} row(s) of {state.table} were refused by the database: {shown}",
        why="These rows have no value in the new column yet; all others have. Contract would lose them, so it stays closed.",
        next="Mend these rows (or the expression), then run `bgmigrate expand` again: it visits what is left.",
        code="BGM916",
    )
