"""What a table looks like on disk: it decides in what order, and in how many passes, its rows are written."""

from __future__ import annotations

from collections.abc import Sequence

from bgmigrate.backfill.along_key import Keys
from bgmigrate.backfill.by_page import LOOK, Pages, in_a_page
from bgmigrate.backfill.keys import Key
from bgmigrate.backfill.walk import DENSE
from bgmigrate.database import Connection
from bgmigrate.sql import compose

SMALL = 1024**2  # bytes: neither matters
MANY, FEW = 8, 4  # passes
ROOM = {MANY: 8, FEW: 4}  # a range may take one part in so many of the server's buffers: indexes and others want theirs
UNRELATED = 0.3  # a correlation between a key and the table's order (pg_stats), below which it has none
_STANDS = """
SELECT sum(pg_relation_size(oid))::float8, max((SELECT count(*) FROM pg_index WHERE indrelid = oid))
  FROM (SELECT %(t)s::regclass AS oid UNION SELECT relid FROM pg_partition_tree(%(t)s::regclass)) f
"""
_CORRELATION = """
SELECT min(abs(s.correlation))::float8 FROM pg_stats s JOIN pg_namespace n ON n.nspname = s.schemaname
  JOIN pg_class c ON c.relname = s.tablename AND c.relnamespace = n.oid WHERE c.oid = %s::regclass AND s.attname = %s
"""


def scattered(c: Connection, table: str, key: Key) -> bool:
    """Do rows that follow each other along the key stand in different pages? A batch would read, and write to the WAL, one page for each row."""
    if _stands(c, table)[0] < SMALL:
        return False
    walk = Keys(table, key)
    top = walk.top(c)
    near = walk.spread(c, None, top) if top else 0.0
    if near and near < min(DENSE, in_a_page(c, table, Pages(table, key).within(None, [str(LOOK)])) / DENSE):
        return True
    row = c.execute(_CORRELATION, [compose("{t:t}", t=table), key.columns[0]]).fetchone() if len(key.columns) == 1 else None
    return bool(row and row[0] is not None and row[0] < UNRELATED)


def passes(c: Connection, table: str) -> int:
    """In how many passes its rows are best written, as far as indexes go; one when it is small.

    Of eight passes the first writes an eighth of the rows to other pages, and that into every index; of four a quarter, but each row is looked at
    half as often. With the key's index alone that counts for more.
    """
    size, indexes = _stands(c, table)
    return 1 if size < SMALL else MANY if indexes > 1 else FEW


def room(c: Connection, passes: int) -> float:
    """Pages of the server's buffers that a range may take which is written in so many passes."""
    row = c.execute("SELECT setting::float8 FROM pg_settings WHERE name = 'shared_buffers'").fetchone()
    return row[0] / ROOM.get(passes, ROOM[MANY]) if row else 0.0


def _stands(c: Connection, table: str) -> tuple[float, int]:
    row = c.execute(_STANDS, {"t": compose("{t:t}", t=table)}).fetchone()
    assert row is not None
    return row[0] or 0.0, row[1] or 0


def indexed(c: Connection, table: str, columns: Sequence[str]) -> list[str]:
    """The indexes that hold one of these columns, or whose expression or predicate reads one: updates of it are never HOT.

    Those that only summarise blocks (`brin`) do not count from PostgreSQL 16 on.
    """
    rows = c.execute(
        """
        SELECT DISTINCT x.indexrelid::regclass::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam
          JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attname = ANY (%(columns)s)
         WHERE x.indrelid IN (SELECT %(table)s::regclass UNION SELECT relid FROM pg_partition_tree(%(table)s::regclass))
           AND NOT (m.amname = 'brin' AND current_setting('server_version_num')::int >= 160000)
           AND (a.attnum = ANY (x.indkey::int2[])
                OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid
                              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = x.indrelid AND d.refobjsubid = a.attnum))
        """,
        {"columns": list(columns), "table": compose("{t:t}", t=table)},
    ).fetchall()
    return [r[0] for r in rows]
