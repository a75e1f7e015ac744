"""Throw-away databases with the live schema in them, or with the schema that a version would create for itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg

from bgmigrate import dump, scratch
from bgmigrate.database import Connection, connect
from bgmigrate.errors import InfrastructureError
from bgmigrate.excerpt import excerpt
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.sql import compose, template


@dataclass(frozen=True, kw_only=True)
class LiveSchema:
    """The live database's schema as SQL, its extensions, the search path that its sessions get, and what a copy does not show: `original`,
    the columns that were NOT NULL before the last migration; `published`: the tables of which publications send updates or deletes."""

    sql: str
    search_path: str
    extensions: tuple[tuple[str, str], ...] = ()  # name, schema
    original: frozenset[tuple[str, str]] = frozenset()
    published: tuple[tuple[str, str], ...] = ()


def take(url: str) -> LiveSchema:
    """Read the live schema; ACCESS SHARE on its tables for as long as pg_dump takes, nothing written."""
    text = dump.schema_sql(url)
    with connect(url, purpose="verify") as c:
        row = c.execute("SELECT current_setting('search_path')").fetchone()
        assert row is not None
        found = c.execute(
            "SELECT e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'"
        ).fetchall()
        migrated = c.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
        original = c.execute(template("original_not_null").encode()).fetchall() if migrated and migrated[0] else []
        published = c.execute(
            "SELECT DISTINCT t.schemaname, t.tablename FROM pg_publication_tables t JOIN pg_publication p USING (pubname)"
            " WHERE p.pubupdate OR p.pubdelete ORDER BY 1, 2"
        ).fetchall()
    return LiveSchema(
        sql=text, search_path=row[0], extensions=tuple((n, s) for n, s in found), original=frozenset((t, n) for t, n in original),
        published=tuple((s, n) for s, n in published),
    )


@contextlib.contextmanager
def clone(settings: Settings, live: LiveSchema, label: str = "clone") -> Iterator[str]:
    """An empty copy of the live schema on the scratch server. Raises InfrastructureError when that server cannot hold it."""
    with scratch.database(settings, label) as url:
        with connect(url, purpose="verify") as c:
            try:
                restore(c, live)
                _make_room(c)
                _publish(c, live.published)
            except psycopg.Error as error:
                raise unlike(error) from None
            search_path(c, live.search_path)
        yield url


def restore(c: Connection, live: LiveSchema) -> None:
    """Make the live schema in an empty database, and nothing beside it; psycopg's errors are the caller's."""
    dump.restore(c, live.sql)
    _refresh(c)


@contextlib.contextmanager
def own(settings: Settings, snapshot: Snapshot, live: LiveSchema, label: str) -> Iterator[str]:
    """A database as the version itself would create it. Raises InfrastructureError naming the statement that fails."""
    with scratch.database(settings, label) as url:
        with connect(url, purpose="verify") as c:
            for schema in sorted({*snapshot.schemas} | {s for _, s in live.extensions}):
                c.execute(compose("CREATE SCHEMA IF NOT EXISTS {s:i}", s=schema).encode())
            for name, schema in live.extensions:
                with contextlib.suppress(psycopg.Error):  # the clone has them all; one that is missing here shows in the statement that needs it
                    c.execute(compose("CREATE EXTENSION IF NOT EXISTS {e:i} SCHEMA {s:i} CASCADE", e=name, s=schema).encode())
            try:
                for statement in snapshot.ddl:
                    c.execute(statement.encode())
            except psycopg.Error as error:
                raise InfrastructureError(f"its own DDL fails: {str(error).splitlines()[0]}: {excerpt(statement, 120)}") from None
        yield url


def _refresh(c: Connection) -> None:
    """Materialized views come unpopulated and would refuse to be read; on empty tables this costs nothing."""
    names = [r[0] for r in c.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'm' AND NOT relispopulated ORDER BY oid")]
    for name in names:  # by oid: a view that reads another was made after it
        c.execute(compose("REFRESH MATERIALIZED VIEW {v:q}", v=name).encode())


def _make_room(c: Connection) -> None:
    """A default partition where there is none: the probes' values are not the application's, which makes its partitions for what it writes."""
    without = c.execute(
        "SELECT n.nspname, c.relname, p.partrelid FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.partdefid = 0 AND p.partstrat IN ('r', 'l')"
    ).fetchall()
    for schema, table, oid in without:
        default = compose("CREATE TABLE {s:i}.{d:i} PARTITION OF {s:i}.{t:i} DEFAULT", s=schema, d=f"bgm_default_{oid}", t=table)
        c.execute(default.encode())


def _publish(c: Connection, tables: Sequence[tuple[str, str]]) -> None:
    """Whatever publications have them: the server refuses to change a published row that nothing identifies (documentation, 31.1)."""
    if tables:
        names = [compose("{s:i}.{t:i}", s=schema, t=table) for schema, table in tables]
        c.execute(compose("CREATE PUBLICATION bgm_published FOR TABLE {n:q} WITH (publish = 'update, delete')", n=names).encode())


def search_path(c: Connection, path: str) -> None:
    """Give new sessions of a scratch database the search path that the live one's get."""
    row = c.execute("SELECT current_database(), current_setting('search_path')").fetchone()
    assert row is not None
    if row[1] != path:
        c.execute(compose("ALTER DATABASE {d:i} SET search_path = {p:q}", d=row[0], p=path).encode())


def unlike(error: psycopg.Error) -> InfrastructureError:
    """The error for a live schema that the scratch server cannot hold."""
    return InfrastructureError(
        f"the live schema cannot be copied to the scratch server: {str(error).splitlines()[0]}",
        why="Versions are tried on a copy, so nothing can be said.",
        next="Set BGMIGRATE_SCRATCH_URL to a server of the live one's version, with its extensions.",
    )
