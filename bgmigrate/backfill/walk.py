"""In what order a table's rows are visited, and where the next ranges end: along a key, or page by page where there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from bgmigrate.backfill.job import Job
from bgmigrate.backfill.keys import Key
from bgmigrate.database import Connection
from bgmigrate.sql import compose

Position = Sequence[str]


class Walk(Protocol):
    """Positions are texts, one for each key column, or a page's number."""

    begin: int  # units (rows or pages) in the first batch
    largest: int  # units in one part

    def top(self, c: Connection) -> list[str] | None:
        """The last position there is now; None when there is no row."""

    def ends(self, c: Connection, after: Position | None, upper: Position, size: int, parts: int) -> list[list[str]]:
        """Where the next `parts` parts of `size` units end; the last one's end is `upper` when it is reached."""

    def within(self, after: Position | None, upto: Position) -> str:
        """The condition for rows in (after, upto]."""

    def stripe(self, number: int, of: int) -> str:
        """The condition for one of several shares of the rows, each spread evenly."""

    def spread(self, c: Connection, after: Position | None, upper: Position) -> float:
        """How many of the next rows stand in one page, on average; 0 when rows cannot be taken in shares."""

    def rows_in(self, c: Connection, after: Position | None, upto: Position) -> list[str] | None:
        """Where the rows of the smallest range stand, one position each; None when the smallest range is one row."""

    def at(self, rows: Sequence[str]) -> str:
        """The condition for these rows."""

    def share(self, low: Position | None, at: Position | None, upper: Position, visited: int, total: float) -> float:
        """How far `at` is, from 0 to 1."""


GAPS = 1.3  # numbers for each row: up to there the next ranges are not counted out


class Keys:
    """Along the primary key, or another unique one."""

    begin, largest = 1_000, 50_000

    def __init__(self, table: str, key: Key) -> None:
        self.table, self.key = table, key
        self._whole = len(key.types) == 1 and key.types[0] in ("smallint", "integer", "bigint")

    def top(self, c: Connection) -> list[str] | None:
        return self._read(c, compose("SELECT {k:q} FROM {t:t} ORDER BY {o:q} LIMIT 1", k=self.key.as_text, t=self.table, o=self.key.descending))

    def bottom(self, c: Connection) -> list[str] | None:
        """The first position there is now; None when there is no row."""
        return self._read(c, compose("SELECT {k:q} FROM {t:t} ORDER BY {o:q} LIMIT 1", k=self.key.as_text, t=self.table, o=self.key.order))

    def ends(self, c: Connection, after: Position | None, upper: Position, size: int, parts: int) -> list[list[str]]:
        begin, found = after, list[list[str]]()
        for _ in range(parts):
            if found and (width := self._width(begin, found[0])) <= size * GAPS:  # no query: so many numbers are no more rows than that
                after = [str(min(int(found[-1][0]) + width, int(upper[0])))]
                found.append(after)
                if after == list(upper):
                    break
                continue
            end = self._read(
                c,
                compose(
                    "SELECT {k:q} FROM {t:t} WHERE {w:q} ORDER BY {o:q} OFFSET {n:l} LIMIT 1",
                    k=self.key.as_text, t=self.table, w=self.within(after, upper), o=self.key.order, n=size - 1,
                ),
            )
            after = end or list(upper)
            found.append(list(after))
            if list(after) == list(upper):
                break
        return found

    def _width(self, after: Position | None, end: Position) -> float:
        return int(end[0]) - int(after[0]) if self._whole and after is not None else math.inf

    def within(self, after: Position | None, upto: Position) -> str:
        return self.key.between(after, upto)

    def stripe(self, number: int, of: int) -> str:
        if self._whole:
            return compose("abs({k:i} % {n:l}) = {s:l}", k=self.key.columns[0], n=of, s=number)
        hashes = " # ".join(compose("hashtext({c:i}::text)", c=c) for c in self.key.columns)
        return compose("abs(({h:q}) % {n:l}) = {s:l}", h=hashes, n=of, s=number)

    def spread(self, c: Connection, after: Position | None, upper: Position) -> float:
        row = c.execute(
            compose(
                "SELECT count(*)::float8 / greatest(count(DISTINCT (ctid::text::point)[0]), 1) FROM"
                " (SELECT ctid FROM {t:t} WHERE {w:q} ORDER BY {o:q} LIMIT 500) AS {a:i}",
                t=self.table, w=self.within(after, upper), o=self.key.order, a="bgm_next",
            ).encode()
        ).fetchone()
        return float(row[0]) if row else 0.0

    def rows_in(self, c: Connection, after: Position | None, upto: Position) -> list[str] | None:
        return None

    def at(self, rows: Sequence[str]) -> str:
        raise NotImplementedError("a range of one key is one row")

    def share(self, low: Position | None, at: Position | None, upper: Position, visited: int, total: float) -> float:
        if at is None:
            return 0.0
        if self._whole and low is not None and int(upper[0]) > int(low[0]):
            return (int(at[0]) - int(low[0])) / (int(upper[0]) - int(low[0]))
        return 1.0 if list(at) == list(upper) else min(0.99, visited / max(total, 1.0))

    def _read(self, c: Connection, query: str) -> list[str] | None:
        row = c.execute(query.encode()).fetchone()
        return list(row) if row else None


class Pages:
    """Page by page. Rows move between pages while they are updated, so a sweep is followed by another until one finds nothing."""

    begin, largest = 32, 4_096

    def __init__(self, table: str) -> None:
        self.table = table

    def top(self, c: Connection) -> list[str] | None:
        row = c.execute(
            compose("SELECT pg_relation_size({t:l}::regclass) / current_setting('block_size')::int", t=compose("{t:t}", t=self.table)).encode()
        ).fetchone()
        return [str(row[0])] if row and row[0] else None

    def ends(self, c: Connection, after: Position | None, upper: Position, size: int, parts: int) -> list[list[str]]:
        first, last = int(after[0]) if after else 0, int(upper[0])
        return [[str(min(first + size * n, last))] for n in range(1, parts + 1) if first + size * (n - 1) < last]

    def within(self, after: Position | None, upto: Position) -> str:
        return compose("ctid >= {a:l}::tid AND ctid < {b:l}::tid", a=f"({after[0] if after else 0},0)", b=f"({upto[0]},0)")

    def stripe(self, number: int, of: int) -> str:
        raise NotImplementedError("a page's rows have no order that lasts")

    def spread(self, c: Connection, after: Position | None, upper: Position) -> float:
        return 0.0

    def rows_in(self, c: Connection, after: Position | None, upto: Position) -> list[str] | None:
        query = compose("SELECT ctid::text FROM {t:t} WHERE {w:q} ORDER BY ctid", t=self.table, w=self.within(after, upto))
        return [r[0] for r in c.execute(query.encode())]

    def at(self, rows: Sequence[str]) -> str:
        return compose("ctid = ANY (ARRAY[{r:q}]::tid[])", r=[compose("{r:l}", r=r) for r in rows])

    def share(self, low: Position | None, at: Position | None, upper: Position, visited: int, total: float) -> float:
        return int(at[0]) / max(1, int(upper[0])) if at else 0.0


def walk_of(job: Job) -> Walk:
    """The walk over a job's table."""
    return Keys(job.table, job.key) if job.key else Pages(job.table)


def lowest(c: Connection, job: Job) -> list[str] | None:
    """The first key there is; None when the table is empty or has no key. For what is shown only."""
    return Keys(job.table, job.key).bottom(c) if job.key else None


def pays(c: Connection, job: Job) -> bool:
    """Are there indexes beside the key's that an update which stays in its page spares, and is the table more than a megabyte?

    One that has only its key is written faster in one pass: an entry at the end of a key in order costs less than seven more looks at every row.
    """
    row = c.execute(
        "SELECT sum(pg_relation_size(oid)) >= 1024^2 AND max((SELECT count(*) FROM pg_index WHERE indrelid = oid)) > 1"
        " FROM (SELECT %(t)s::regclass AS oid UNION SELECT relid FROM pg_partition_tree(%(t)s::regclass)) f",
        {"t": compose("{t:t}", t=job.table)},
    ).fetchone()
    return bool(row and row[0])


def indexed(c: Connection, job: Job) -> list[str]:
    """The indexes that hold a column which the job writes, or whose expression or predicate reads one: updates of it are never HOT.

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
        {"columns": list(job.columns), "table": compose("{t:t}", t=job.table)},
    ).fetchall()
    return [r[0] for r in rows]


