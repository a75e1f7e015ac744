"""Names of the objects that we make: `bgm_<role>_<table>_<column>`, within PostgreSQL's 63 bytes."""

from __future__ import annotations

import hashlib
import re

LIMIT = 63  # NAMEDATALEN - 1; PostgreSQL cuts longer names silently, so two of them could become one

# The words that PostgreSQL's own quote_ident() would quote are more; quoting these and anything unusual is enough to read well.
# Some are reserved by PL/pgSQL alone: NEW.by is a syntax of its own there.
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently
    constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default
    deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner
    intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order
    outer overlaps placing primary references returning right select session_user similar some symmetric system_user table tablesample then
    to trailing true union unique user using variadic verbose when where window with between bigint bit boolean char character coalesce dec
    decimal exists extract float greatest grouping inout int integer interval json json_array least national nchar none normalize nullif
    numeric out overlay position precision real row setof smallint substring time timestamp treat trim values varchar
    begin by declare execute foreach if loop strict while
    """.split()  # noqa: SIM905
)


def bounded(name: str) -> str:
    """The name itself, or its beginning and a hash of the whole when it is longer than 63 bytes."""
    raw = name.encode()
    if len(raw) <= LIMIT:
        return name
    digest = hashlib.sha256(raw).hexdigest()[:8]
    return f"{raw[: LIMIT - 9].decode(errors='ignore')}_{digest}"


def object_name(role: str, table: str, column: str = "") -> str:
    """`bgm_<role>_<table>[_<column>]`; the schema is not part of it, for the object lives in the table's."""
    return bounded("_".join(filter(None, ("bgm", role, table.rpartition(".")[2], column))))


def gone_name(table: str, column: str = "") -> str:
    """What a column, or a table, is called while a contract holds it in quarantine."""
    return object_name("gone", table, column)


def is_gone(name: str) -> bool:
    """Is something of this name in quarantine, and no part of any version's schema?"""
    return name.startswith("bgm_gone_")


def made_name(table: str, column: str, label: str) -> str:
    """What PostgreSQL calls a constraint that nobody names: the longer of the two names is cut (indexcmds.c, makeObjectName)."""
    names = [split(table)[1].encode(), column.encode()]
    while sum(map(len, names)) > LIMIT - len(label) - 2:
        longer = 0 if len(names[0]) > len(names[1]) else 1
        names[longer] = names[longer][:-1]
    return "_".join([*(n.decode(errors="ignore") for n in names), label])


def trigger_name(table: str, column: str, role: str = "sync") -> str:
    """Sync triggers sort after the application's own: BEFORE triggers fire in the order of their names (CREATE TRIGGER, Notes).

    `type` ones, which show a column in another type, sort after `sync` ones. Its function has the same name in our own schema, where tables of
    one name in several schemas meet: theirs is part of it.
    """
    schema, name = split(table)
    return bounded(f"zz_{object_name(role, '_'.join(filter(None, (schema, name))), column)}")


def ident(name: str) -> str:
    """An identifier as SQL, quoted only where it must be."""
    if _PLAIN.match(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def qualified(name: str) -> str:
    """`table` or `schema.table` as SQL. A dot in a table's own name is written `schema."na.me"` by our own keys (see `split`)."""
    schema, table = split(name)
    return f"{ident(schema)}.{ident(table)}" if schema else ident(table)


def split(name: str) -> tuple[str | None, str]:
    """The key `schema.table` taken apart; a table of the default schema has no schema in its key."""
    schema, dot, table = name.partition(".")
    return (schema, table) if dot else (None, name)


def index_key(table: str, name: str) -> str:
    """An index lives in its table's schema."""
    schema, _ = split(table)
    return f"{schema}.{name}" if schema else name


def key(schema: str, table: str) -> str:
    """The key by which plans, findings and revisions name a table: the schema is left out where it is `public`."""
    return table if schema == "public" else f"{schema}.{table}"
