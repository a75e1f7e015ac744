"""Tables that belong together: by inheritance (what PostgreSQL does for the parent alone must be done for each) or by foreign keys."""

from __future__ import annotations

from collections.abc import Sequence

from bgmigrate.naming import key
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, template

# Partitions get their parent's triggers from PostgreSQL; tables that inherit from one do not.
HEIRS = (
    "WITH RECURSIVE heirs (oid) AS (SELECT to_regclass(%s)::oid UNION SELECT i.inhrelid FROM heirs JOIN pg_inherits i ON i.inhparent = heirs.oid)"
    " SELECT n.nspname, c.relname FROM heirs JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE NOT c.relispartition AND c.oid <> to_regclass(%s) ORDER BY 1, 2"
)


def family(on: Runtime, table: str) -> list[str]:
    """A table and those that inherit from it, partitions aside: a trigger is needed on each."""
    name = compose("{t:t}", t=table)
    return [table, *(key(schema, heir) for schema, heir in on.fetch(HEIRS, name, name))]


def linked(on: Runtime, tables: Sequence[str], columns: Sequence[str] | None = None) -> list[str]:
    """These tables, as far as they are there, and those that foreign keys (of these columns) tie to them: dropping one locks both its ends."""
    here = [t for t in tables if on.exists(t)]
    if on.offline:
        return here
    asked = {"tables": [compose("{t:t}", t=t) for t in here], "columns": columns and list(columns)}
    found = [key(*row) for row in on.connection.execute(template("neighbours").encode(), asked)]
    return [*here, *(t for t in found if t not in here)]
