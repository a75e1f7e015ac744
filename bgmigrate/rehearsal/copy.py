"""The copy that is rehearsed on: the live schema, what the journal knows, and the revisions that Alembic has recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

from bgmigrate import journal, scratch
from bgmigrate.database import Connection, connect
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.journal import quarantines
from bgmigrate.ops.set_aside import lifted
from bgmigrate.rehearsal import sample, statistics
from bgmigrate.settings import Settings
from bgmigrate.sql import compose, template
from bgmigrate.verify import clone
from bgmigrate.verify.clone import LiveSchema

# What operations ask the journal for; evidence belongs to one database, and what is due to its rows. By their foreign keys.
JOURNAL = ("alembic_version", "version", "live", "switch_history", "revision", "synchronization", "backfill", "backfill_range",
           "quarantine", "set_aside", "set_aside_function")
NUMBERED = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attidentity <> '' AND NOT attisdropped"


@contextlib.contextmanager
def base(settings: Settings, project: Project, live: LiveSchema, rows: int = 0) -> Iterator[str]:
    """A scratch database as the live one is, with at most so many rows of each table. Nobody is connected to it, so that it can be copied."""
    with scratch.database(settings, "rehearse") as url:
        with connect(url, purpose="rehearse") as c:
            try:
                clone.restore(c, live)
            except psycopg.Error as error:
                raise clone.unlike(error) from None
            with connect(settings.url, purpose="rehearse") as source:
                if journal.exists(source):
                    _journal(source, c)
                recorded = project.recorded(source)
                statistics.take(settings.url, c)
                if rows:
                    sample.take(source, c, rows, [project.version_table.name, "alembic_version"])
        journal.ensure(url)
        with connect(url, purpose="rehearse") as c:
            _out_of_quarantine(c)
        runner.stamp(project, url, *recorded, scratch=True)
        yield url


@contextlib.contextmanager
def like(settings: Settings, base: str, live: LiveSchema, label: str) -> Iterator[str]:
    """A copy of the base."""
    with scratch.database(settings, label, like=base) as url:
        with connect(url, purpose="rehearse") as c:
            clone.search_path(c, live.search_path)
            with contextlib.suppress(psycopg.Error):  # only a superuser may; else what the server says of its work may be in another language
                c.execute(compose("ALTER DATABASE {d:i} SET lc_messages = 'C'", d=c.info.dbname).encode())
        yield url


def relations(connection: Connection, ignore: set[str]) -> dict[int, str]:
    """The application's relations by oid, as findings name them."""
    return dict(connection.execute(template("rehearsal_relations").encode(), [sorted(ignore)]).fetchall())


def _journal(source: Connection, target: Connection) -> None:
    """What the live journal holds; one that is older than this bgmigrate lacks tables, and is brought up to date afterwards."""
    for table in JOURNAL:
        row = source.execute("SELECT to_regclass(%s) IS NOT NULL", [f"bgmigrate.{table}"]).fetchone()
        if not (row and row[0]):
            continue
        with (
            source.cursor().copy(compose("COPY bgmigrate.{t:i} TO STDOUT", t=table).encode()) as rows,
            target.cursor().copy(compose("COPY bgmigrate.{t:i} FROM STDIN", t=table).encode()) as into,
        ):
            for chunk in rows:
                into.write(chunk)
        for (column,) in target.execute(NUMBERED, [f"bgmigrate.{table}"]).fetchall():
            sql = "SELECT setval(pg_get_serial_sequence({n:l}, {c:l}), max({c:i})) FROM bgmigrate.{t:i} HAVING max({c:i}) IS NOT NULL"
            target.execute(compose(sql, n=f"bgmigrate.{table}", c=column, t=table).encode())


def _out_of_quarantine(c: Connection) -> None:
    """What is rehearsed is the purge, which gives everything its name first. Constraints that were taken off go with their columns."""
    with c.transaction():
        lifted(c, quarantines.asides(c))
        for text in quarantines.functions(c).values():
            c.execute(text.encode())
        c.execute("UPDATE bgmigrate.synchronization SET table_name = coalesce(aside, table_name), aside = NULL")
        c.execute("DELETE FROM bgmigrate.set_aside_function")
        c.execute("DELETE FROM bgmigrate.quarantine")
