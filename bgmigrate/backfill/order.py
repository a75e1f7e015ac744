"""In which order a job's rows are visited."""

from __future__ import annotations

from bgmigrate.backfill.along_key import Keys
from bgmigrate.backfill.by_page import Pages
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.walk import Walk
from bgmigrate.database import Connection


def walk_of(job: Job) -> Walk:
    """The walk over a job's table."""
    return Keys(job.table, job.along) if job.along else Pages(job.table, job.key)


def lowest(c: Connection, job: Job) -> list[str] | None:
    """The first position along the key; None when the table is empty, or not visited along one. For what is shown only."""
    return Keys(job.table, job.along).bottom(c) if job.along else None
