"""The two schemas as the catalogs have them, and what PostgreSQL says about going from one to the other.

Alembic's autogenerate compares models with a reflected database and is blind to predicates, CHECK texts, enum values, generated expressions
and more; comparing what two versions really build needs no knowledge of any SQLAlchemy version.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
from sqlalchemy import MetaData
from sqlalchemy import Table as SATable

from bgmigrate import catalog
from bgmigrate.catalog import Column, Schema
from bgmigrate.changes import Differences
from bgmigrate.changes.difference import Difference, Speech
from bgmigrate.changes.hints import Hints
from bgmigrate.changes.widen_type import fits
from bgmigrate.database import Connection
from bgmigrate.errors import ConfigurationError, Refused
from bgmigrate.history.facts import EnvironmentFacts
from bgmigrate.naming import object_name, split
from bgmigrate.planner.databases import Built, extensions
from bgmigrate.planner.diff import diff
from bgmigrate.planner.trial import DatabaseTrial
from bgmigrate.sql import compose, load


def compare(built: Built[Any], hints: Hints, facts: EnvironmentFacts, speech: Speech) -> Differences:
    """All differences between the migrations' schema and the target's, with the renames that the hints decide already applied."""
    ignore = {facts.version_table, "alembic_version"}
    a, b, target = built.heads, built.final, built.target
    with ThreadPoolExecutor(2) as both:
        heads, final = both.map(lambda c: catalog.read(c, ignore=ignore), (a, b))
    tables = _renamed_tables(heads, final, hints)
    for old, new in tables.items():
        for statement in _call(new, old):
            b.execute(statement.encode())
    green = catalog.read(b, ignore=ignore) if tables else final
    back = {new: old for old, new in tables.items()}
    target, hints = replace(target, tables={back.get(k, k): t for k, t in target.tables.items()}), hints.called(back)
    renames = _renames(heads, green, hints)
    with a.transaction(force_rollback=True):
        for table, columns in renames.items():
            for new, old in columns.items():
                a.execute(compose("ALTER TABLE {t:t} RENAME COLUMN {o:i} TO {n:i}", t=table, o=old, n=new).encode())
        renamed = catalog.reread(a, heads, _concerned(heads, renames), ignore=ignore) if renames else heads
        pool = diff(renamed, green, target, built.blue, concerns=_concerns(facts))
        for statement in _new_types(heads, green):
            a.execute(statement.encode())
        added = [(d.table, d.want) for d in pool if d.what == "column" and d.have is None and d.want.default is not None and d.table]
        retyped = [(d.table, d.want) for d in pool if d.what == "type" and d.table]
        with a.transaction(force_rollback=True):
            _renew_enums(a, heads, green)
            rewrites = frozenset((t, c.name) for t, c in added if _rewrites(a, t, "ADD COLUMN {c:i} {d:q}", c, c.definition))
        moved = frozenset((t, c.name) for t, c in retyped if _rewrites(a, t, "ALTER COLUMN {c:i} TYPE {d:q}", c, c.type))
        pool = _said_otherwise(a, renamed, pool, moved, ignore)
    return Differences(
        heads=heads, renamed=renamed, green=green, final=final, tables=tables, target=target, blue=built.blue, hints=hints, renames=renames,
        rewrites=rewrites,
        in_catalog=frozenset((t, c.name) for t, c in retyped) - moved, pool=pool,
        on_heads=DatabaseTrial(a, ignore, _new_types(heads, green)), on_green=DatabaseTrial(b, ignore),
        speech=speech, user_types=(*extensions(a), *_new_types(Schema(), heads), *_new_types(heads, green)),
    )


def _renamed_tables(heads: Schema, final: Schema, hints: Hints) -> dict[str, str]:
    """The tables still to be renamed (old: new), as the hints say."""
    out: dict[str, str] = {}
    for new, said in sorted(hints.tables.items()):
        old = said.get("renamed_from")
        exchanged = hints.tables.get(str(old), {}).get("renamed_from") == new
        if old in heads.tables and new in heads.tables and (exchanged or old not in final.tables):
            raise _name_taken(f"the table {old}", new, f"the table {new}")
        if old is None or old not in heads.tables or new in heads.tables:
            continue  # said of a rename that was made long ago
        if new not in final.tables:
            raise ConfigurationError(
                f"a hint renames the table {old} to {new}, which the target does not have", next="Correct the hint's table name."
            )
        if old in final.tables:
            raise ConfigurationError(
                f"a hint renames the table {old} to {new}, but the target has both", why="A rename leaves only the new one.",
                next=f"Use `moved_from` for {new}, or take the hint away.",
            )
        out[old] = new
    return out


def _name_taken(old: str, new: str, taken: str) -> Refused:
    """Ignored, such a hint would let the old one be dropped with all that is in it."""
    return Refused(
        f"a hint renames {old} to {new}, but {taken} is there already, and blue uses it",
        why="Both versions run at once, and one name cannot mean two things.",
        next=f"Take two releases: drop {taken} first, or rename {old} to a third name. If the rename was made long ago, take the hint away.",
        code="BGM901",
    )


def _call(table: str, name: str) -> list[str]:
    """Statements that give a table another name, in another schema where the name says so."""
    (schema, old), (target, new) = split(table), split(name)
    out = [compose("ALTER TABLE {t:t} RENAME TO {n:i}", t=table, n=new)] if old != new else []
    if schema != target:
        within = compose("{s:i}.{n:i}", s=schema or "public", n=new)
        out += [compose("CREATE SCHEMA IF NOT EXISTS {s:i}", s=target or "public"),
                compose("ALTER TABLE {t:q} SET SCHEMA {s:i}", t=within, s=target or "public")]
    return out


def _renames(heads: Schema, green: Schema, hints: Hints) -> dict[str, dict[str, str]]:
    """The renames still to be made: a hint about one that was made long ago stays in the models and says nothing."""
    out: dict[str, dict[str, str]] = {}
    for (table, new), old in sorted(hints.renamed_from.items()):
        if old is None or table not in heads.tables or table not in green.tables:
            continue
        have, want = heads.tables[table].columns, green.tables[table].columns
        if hints.renamed_from.get((table, old)) == new and old in want and old in have and new in have:
            raise Refused(
                f"hints exchange the names {table}.{old} and {table}.{new}",
                why="Both names are there before and after, so that nothing tells a table that was changed from one that was not.",
                next=f"Take two releases: rename {table}.{old} to a third name first.", code="BGM901",
            )
        if new not in want:
            raise ConfigurationError(f"a hint renames {table}.{old} to {new}, which the target does not have", next="Correct the hint's column name.")
        if new in have and old in have and old not in want:
            raise _name_taken(f"{table}.{old}", new, f"the column {table}.{new}")
        if new not in have and old in have:
            if old in want:
                raise ConfigurationError(
                    f"a hint renames {table}.{old} to {new}, but the target has both columns", why="A rename leaves only the new one.",
                    next=f"Use `forward` for {table}.{new} instead of `renamed_from`.",
                )
            out.setdefault(table, {})[new] = old
    return out


def _concerned(heads: Schema, renames: Mapping[str, Any]) -> set[str]:
    """The tables whose definitions name a renamed column: its own, those whose foreign keys refer to it, and any where tables inherit from it."""
    if any(heads.tables[t].inherited for t in renames):
        return set(heads.tables)
    return {*renames, *(k for k, t in heads.tables.items() if any(c.references in renames for c in t.constraints.values()))}


def _new_types(heads: Schema, green: Schema) -> list[str]:
    """Green's own types, for the columns that are tried on the migrations' schema."""
    missing = {k: t for k, t in green.types.items() if k not in heads.types}
    out = [compose("CREATE SCHEMA IF NOT EXISTS {s:i}", s=s) for s in sorted({t.schema for t in missing.values()})]
    for key, user_type in missing.items():
        if user_type.kind == "e":
            out.append(compose("CREATE TYPE {n:t} AS ENUM ({l:q})", n=key, l=[compose("{v:l}", v=v) for v in user_type.labels]))
        else:
            out.append(compose("CREATE DOMAIN {n:t} AS {d:q}", n=key, d=user_type.definition))
    return out


def _renew_enums(connection: Connection, heads: Schema, green: Schema) -> None:
    """Green's own values in types of the same names, for defaults that are tried: a value that was added can be used after a commit only."""
    for key in heads.enums.keys() & green.enums.keys():
        if heads.enums[key] != green.enums[key]:
            labels = [compose("{v:l}", v=v) for v in green.enums[key]]
            connection.execute(compose("ALTER TYPE {n:t} RENAME TO {o:i}", n=key, o=object_name("was", key)).encode())
            connection.execute(compose("CREATE TYPE {n:t} AS ENUM ({l:q})", n=key, l=labels).encode())


def _rewrites(connection: Connection, table: str, action: str, column: Column, definition: str) -> bool:
    """Would PostgreSQL write every row for this? Tried on the empty table, which is rewritten (or not) just as a full one."""
    where = load("filenodes", table=compose("{t:t}", t=table)).encode()
    try:
        with connection.transaction(force_rollback=True):
            if connection.execute("SELECT relkind FROM pg_class WHERE oid = %s::regclass", [compose("{t:t}", t=table)]).fetchone() == ("p",):
                with contextlib.suppress(psycopg.Error), connection.transaction():  # it may have a default partition, or take none
                    connection.execute(compose("CREATE TABLE bgm_try PARTITION OF {t:t} DEFAULT", t=table).encode())
            before = connection.execute(where).fetchone()
            connection.execute(compose("ALTER TABLE {t:t} " + action, t=table, c=column.name, d=definition).encode())
            after = connection.execute(where).fetchone()
            return (before and before[0]) != (after and after[0])
    except psycopg.Error:
        return True  # not even possible in place


def _said_otherwise(a: Connection, heads: Schema, pool: list[Difference], moved: Collection[tuple[str, str]], ignore: set[str]) -> list[Difference]:
    """Without the checks that differ only as long as a column has its narrower type: `(code)::text` of a varchar is `code` of a text."""
    wider = [d for d in pool if d.what == "type" and d.table and (d.table, d.name) not in moved and fits(d.name, d.have.type, d.want.type)]
    if not wider:
        return pool
    with a.transaction(force_rollback=True):
        for d in wider:
            with contextlib.suppress(psycopg.Error), a.transaction():  # a view of the column may forbid it: then the checks stay as they are
                a.execute(compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} TYPE {y:q}", t=d.table, c=d.name, y=d.want.type).encode())
        then = catalog.reread(a, heads, {d.table for d in wider if d.table}, ignore=ignore)

    def becomes(d: Difference) -> bool:
        if d.what != "constraint" or d.have is None or d.want is None or d.table not in then.tables:
            return False
        found = then.tables[d.table or ""].constraints.get(d.have.name)
        return found is not None and found.kind == "c" and (found.name, found.definition) == (d.want.name, d.want.definition)

    return [d for d in pool if not becomes(d)]


def _concerns(facts: EnvironmentFacts) -> Callable[[str], bool]:
    """env.py's include_name and include_object decide whether a table that no model has is Alembic's business."""

    def concerns(table: str) -> bool:
        schema, name = split(table)
        if facts.include_name and not facts.include_name(name, "table", {"schema_name": schema, "schema_qualified_table_name": table}):
            return False
        return not facts.include_object or bool(facts.include_object(SATable(name, MetaData(), schema=schema), name, "table", True, None))

    return concerns
