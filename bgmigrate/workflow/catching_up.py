"""Give the rows that were written since a transform's pass their values."""

from __future__ import annotations

from bgmigrate.backfill.catch_up import catch_up
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.loop import refuse_failures
from bgmigrate.database import Connection
from bgmigrate.history.project import Project
from bgmigrate.journal import due
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings


def catch_up_all(connection: Connection, settings: Settings, say: Progress) -> tuple[int, int]:
    """Visit the marked rows of every backfill whose own pass is over; to be called under the run lock.

    Returns how many rows were written, and how many are marked still, for writers go on. Raises Refused (BGM916) for a row that cannot be
    written, Conflict when rows stayed locked beyond the lock deadline.
    """
    waiting = due.waiting(connection)
    if waiting:
        Project.open(settings)  # its modules can be imported from now on
    rows, left = 0, 0
    for b in waiting:
        assert b.job is not None
        caught = catch_up(settings.url, b.id, Job.read(b.job), budget=settings.expand, progress=say)
        rows, left = rows + caught.rows, left + caught.left
        refuse_failures(connection, b)
    return rows, left
