"""Some rows of each live table for the copy: what only data show (a NULL, a value that does not convert) then shows, without a backup."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from bgmigrate.database import Connection
from bgmigrate.errors import ConfigurationError
from bgmigrate.sql import compose, load, template

SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL AND schemaname <> 'bgmigrate'"


def take(source: Connection, target: Connection, rows: int, ignore: Sequence[str]) -> int:
    """Copy up to so many rows of each table, without those whose foreign keys point at none of them. Returns how many tables there are.

    No trigger fires. ACCESS SHARE on one live table at a time. Raises ConfigurationError where the scratch server does not let us.
    """
    try:
        target.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys: the rows come in any order
    except psycopg.errors.InsufficientPrivilege:
        raise ConfigurationError(
            "the scratch server does not let us load rows without their triggers", why="They would be loaded in an order that foreign keys refuse.",
            next="Set BGMIGRATE_SCRATCH_URL to a superuser's (or: pip install 'bgmigrate[embedded]'), or leave --rows out.",
        ) from None
    tables = source.execute(template("rehearsal_tables").encode(), [list(ignore)]).fetchall()
    for schema, table, columns in tables:
        out = compose("COPY (SELECT {c:i} FROM ONLY {s:i}.{t:i} LIMIT {n:l}) TO STDOUT", c=columns, s=schema, t=table, n=rows)
        into = compose("COPY {s:i}.{t:i} ({c:i}) FROM STDIN", c=columns, s=schema, t=table)
        with source.cursor().copy(out.encode()) as read, target.cursor().copy(into.encode()) as write:
            for chunk in read:
                write.write(chunk)
    _without_orphans(target)
    for schema, name, value in source.execute(SEQUENCES).fetchall():
        target.execute("SELECT setval(format('%%I.%%I', %s::text, %s::text)::regclass, %s)", [schema, name, value])
    target.execute("RESET session_replication_role")
    target.execute("ANALYZE")
    return len(tables)


def _without_orphans(c: Connection) -> None:
    """Rows that point at others which were not taken, and then those that pointed at them."""
    keys = c.execute(template("rehearsal_foreign_keys").encode()).fetchall()
    gone = True
    while gone:
        gone = False
        for child, parent, mine, theirs in keys:
            known = " AND ".join(compose("bgm_child.{c:i} IS NOT NULL", c=m) for m in mine)
            same = " AND ".join(compose("bgm_parent.{t:i} = bgm_child.{m:i}", t=t, m=m) for m, t in zip(mine, theirs, strict=True))
            gone |= c.execute(load("rehearsal_orphans", child=child, parent=parent, known=known, same=same).encode()).rowcount > 0
