"""Partitioned tables, whose indexes and keys are built partition by partition and then attached.

CREATE INDEX on the parent locks every partition against writes for the whole build, and CONCURRENTLY is not possible there (PostgreSQL
documentation, 5.12.2.2). Alembic leaves it at that; ours builds each partition's concurrently, at any depth, and goes on where it was killed.
"""

from __future__ import annotations

import re

from bgmigrate.naming import bounded, index_key, key, split
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

ON_ONLY = " ON ONLY "
KIND = "SELECT relkind::text FROM pg_class WHERE oid = to_regclass(%s)"
PARTS = (
    "SELECT n.nspname, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE i.inhparent = to_regclass(%s) AND c.relispartition ORDER BY 1, 2"
)
# The index of a partition that belongs to an index of its parent.
ATTACHED = (
    "SELECT 1 FROM pg_index x JOIN pg_inherits i ON i.inhrelid = x.indexrelid"
    " WHERE x.indrelid = to_regclass(%s) AND i.inhparent = to_regclass(%s)"
)
_PLACE = re.compile(r"INDEX (?:CONCURRENTLY )?(?:\"(?:[^\"]|\"\")+\"|[^\s\"]+) ON (?:ONLY )?(?:(?:\"(?:[^\"]|\"\")+\"|[^\s\".]+)\.?){1,2} USING ")


def is_partitioned(on: Runtime, table: str) -> bool:
    """Has the table no rows of its own but partitions?"""
    return on.fetch(KIND, compose("{t:t}", t=table)) == [("p",)]


def parts(on: Runtime, table: str) -> list[str]:
    """The partitions of a partitioned table, one level deep."""
    return [key(schema, name) for schema, name in on.fetch(PARTS, compose("{t:t}", t=table))]


def leaves(on: Runtime, table: str) -> list[str]:
    """The partitions that have rows, at any depth."""
    return [leaf for part in parts(on, table) for leaf in (leaves(on, part) if is_partitioned(on, part) else [part])]


def part_name(part: str, name: str) -> str:
    """What the index or constraint of a partition is called that belongs to one of its parent."""
    return bounded(f"{split(part)[1]}_{name}")


def on_part(definition: str, name: str, part: str, *, partitioned: bool) -> str:
    """The index's definition on a partition, under a name."""
    place = compose("INDEX CONCURRENTLY {n:i} ON {o:q}{t:t} USING ", n=name, o="ONLY " if partitioned else "", t=part)
    return _PLACE.sub(lambda _: place, definition, count=1)


def attach(on: Runtime, table: str, name: str, part: str, mine: str) -> None:
    """Let a partition's index belong to its parent's. SHARE UPDATE EXCLUSIVE on both for an instant."""
    on.strong(
        [table, part],
        compose("ALTER INDEX {a:t} ATTACH PARTITION {b:t}", a=index_key(table, name), b=index_key(part, mine)),
    )
