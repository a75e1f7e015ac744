"""The planner's statistics of the live tables, on the copy: what is planned there is planned from the same shares and histograms.

How large a table is the planner asks of the table itself, so an empty copy is still a small one to it: times come from the live sizes (`estimate`).
"""

from __future__ import annotations

import contextlib

import psycopg

from bgmigrate.database import Connection
from bgmigrate.dump import statistics_sql
from bgmigrate.errors import BgmigrateError

FIRST = 180000  # the server that can be told statistics (PostgreSQL 18's release notes)


def take(url: str, copy: Connection) -> None:
    """Give the copy the statistics of the database with this URL; nothing where its server, or the pg_dump that is here, is older than 18."""
    if copy.info.server_version < FIRST:
        return
    try:
        every = statistics_sql(url)
    except BgmigrateError:
        return  # a rehearsal without them is as true of locks and scans
    for statement in every:
        with contextlib.suppress(psycopg.Error):  # of something that the copy has not
            copy.execute(statement.encode())
