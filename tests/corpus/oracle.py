"""What truly breaks, from the catalogs alone: the schema that a release's own migrations left, against what the other release's models map.

Nothing of the probes is used: no row is written, and nothing of bgmigrate is imported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg

COLUMNS = """
SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, a.attname, a.attnotnull,
       a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '', format_type(a.atttypid, a.atttypmod),
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = a.atttypid),
       ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum])
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
KINDS = {
    "text": ("character varying", "character", "text"), "number": ("integer", "bigint", "smallint", "numeric", "double precision", "real"),
    "boolean": ("boolean",), "moment": ("timestamp without time zone", "timestamp with time zone"), "date": ("date",), "bytes": ("bytea",),
    "time": ("time without time zone", "time with time zone"), "interval": ("interval",), "json": ("json", "jsonb"), "uuid": ("uuid",),
}


class Column(NamedTuple):
    """A column as the server has it."""

    required: bool
    filled: bool  # it has a default, is an identity or generated
    type: str
    labels: tuple[str, ...]
    checks: tuple[str, ...]


KEYS = """
SELECT k.conrelid::regclass::text, k.confrelid::regclass::text FROM pg_constraint k
WHERE k.contype = 'f' AND k.confdeltype IN ('a', 'r') AND k.conrelid <> k.confrelid
"""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Columns by table, and (table, other) for keys that hold on to the other table's rows."""

    tables: dict[str, dict[str, Column]]
    held: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """`roots` break by themselves: `table` or `table.column`, and why. `along`: tables whose relationships lead to what is missing."""

    roots: dict[str, str]
    along: frozenset[str]


def read(url: str) -> Schema:
    """The schema, by table."""
    found: dict[str, dict[str, Column]] = {}
    with psycopg.connect(url) as c:
        for table, column, required, filled, type_, labels, checks in c.execute(COLUMNS):
            found.setdefault(table, {})[column] = Column(required, filled, type_, tuple(labels), tuple(checks))
        held = tuple((t.strip('"'), o.strip('"')) for t, o in c.execute(KEYS))
    return Schema(tables=found, held=held)


def truth(mine: dict[str, Any], other: dict[str, Any], schema: Schema, at_home: Schema, *, candidate: bool) -> Truth:
    """What of a release breaks on a schema. `at_home`: the one that its own migrations leave, where its looseness breaks nothing.

    The `candidate` meets all the rows that are there, and cannot delete those that tables unknown to it refer to.
    """
    here, home = schema.tables, at_home.tables
    roots: dict[str, str] = {}
    missing = set()
    for table, declared in mine["tables"].items():
        if table not in here:
            roots[table] = "no such table"
            missing.add(table)
            continue
        for column in declared["columns"].keys() - here[table].keys():
            roots[f"{table}.{column}"] = "no such column"
            missing.add(table)
        for column, stands in here[table].items():
            said = declared["columns"].get(column)
            if said is None:
                why = "NOT NULL without a default, and not mapped" if stands.required and not stands.filled else ""
            else:
                why = _against(said, stands)
                theirs = other["tables"].get(table, {"columns": {}})["columns"].get(column)
                was = home.get(table, {}).get(column)
                if why and was is not None and _against(said, was):
                    why = ""  # there before: no change brought it
                if not why and theirs and said["labels"] and (unknown := set(theirs["labels"]) - set(said["labels"])) and not _against(theirs, stands):
                    why = f"the other release may write {', '.join(sorted(unknown))}, which it cannot load"
            if why:
                roots[f"{table}.{column}"] = why
    for table, held in schema.held if candidate else ():
        if table not in mine["tables"] and held in mine["tables"]:
            roots.setdefault(held, f"rows of {table}, which it does not know, refer to it")
    links = [(t, o, how) for t, o, how in mine["links"]]
    while more := {t for t, o, how in links if how and o in missing} - missing:
        missing |= more  # reading it reads what is missing
    broken = {r.partition(".")[0] if r not in mine["tables"] else r for r in roots}
    return Truth(roots=roots, along=frozenset(t for t, o, _ in links if o in missing and t not in broken))


def _against(said: dict[str, Any], stands: Column) -> str:
    """Why a column as the models have it does not get on with the column that is there."""
    if said["null"] and stands.required:
        return "the models write NULL, the column is NOT NULL"
    if stands.labels and said["labels"] and (lacking := set(said["labels"]) - set(stands.labels)):
        return f"the type has no {', '.join(sorted(lacking))}"
    known = {w for check in stands.checks for w in re.findall(r"'([^']*)'", check)}
    if known & set(said["labels"]) and (lacking := set(said["labels"]) - known):
        return f"the check does not take {', '.join(sorted(lacking))}"
    plain = re.sub(r"\(.*?\)", "", stands.type)
    if said["kind"] in KINDS and not stands.labels and plain not in KINDS[said["kind"]] and any(plain in kinds for kinds in KINDS.values()):
        return f"the models have a {said['kind']}, the column is {stands.type}"
    room = re.search(r"character.*\((\d+)\)", stands.type)
    if room and said["kind"] == "text" and not said["labels"] and (said["length"] or 10**9) > int(room[1]):
        return f"the column holds {room[1]} characters, the models allow {said['length'] or 'any number'}"
    return ""
