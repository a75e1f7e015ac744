"""A schema as its catalog tells it, read without any of bgmigrate's own code: a judge must not share the mistakes of the judged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import psycopg

QUERY = Path(__file__).with_name("catalog.sql").read_text(encoding="utf-8")
Catalog = Counter[tuple[str, str, str]]


def read(url: str) -> Catalog:
    """Columns, constraints, indexes, triggers, functions, types, sequences, comments and grants, each as (what, name, text)."""
    with psycopg.connect(url, autocommit=True) as c:
        return seen(c)


def seen(connection: psycopg.Connection[tuple[str, str, str]]) -> Catalog:
    """The same over a connection that is open."""
    return Counter(connection.execute(QUERY.encode()).fetchall())


def places(url: str) -> dict[int, tuple[str, int]]:
    """Where each table's rows lie: a rewrite changes that."""
    with psycopg.connect(url, autocommit=True) as c:
        rows = c.execute(
            "SELECT oid, relname, pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    return {oid: (name, node) for oid, name, node in rows}


def difference(have: Catalog, want: Catalog) -> list[str]:
    """What is there and should not be, and the other way round."""
    extra = [f"too much: {what} {name}: {text}" for what, name, text in sorted(have - want)]
    return extra + [f"missing: {what} {name}: {text}" for what, name, text in sorted(want - have)]
