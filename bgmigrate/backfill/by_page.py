"""Page by page: for tables without a key, and for those whose key says nothing about where a row stands."""

from __future__ import annotations

from collections.abc import Sequence

from bgmigrate.backfill.keys import Key
from bgmigrate.backfill.walk import Position
from bgmigrate.database import Connection
from bgmigrate.sql import compose

_TOP = """
SELECT max(pg_relation_size(oid)) / current_setting('block_size')::int
  FROM (SELECT %(t)s::regclass AS oid UNION SELECT relid FROM pg_partition_tree(%(t)s::regclass)) f
"""
LOOK = 10  # pages looked at to see how many rows stand in one


class Pages:
    """Page by page, those of all partitions at once. Rows move between pages while they are updated: a sweep is followed by another until one finds
    nothing. `key`: by which its rows can be taken in shares, and named.
    """

    begin, largest = 32, 4_096

    def __init__(self, table: str, key: Key | None) -> None:
        self.table, self.key = table, key

    def top(self, c: Connection) -> list[str] | None:
        row = c.execute(_TOP, {"t": compose("{t:t}", t=self.table)}).fetchone()
        return [str(row[0])] if row and row[0] else None

    def ends(self, c: Connection, after: Position | None, upper: Position, size: int, parts: int) -> list[list[str]]:
        first, last = int(after[0]) if after else 0, int(upper[0])
        return [[str(min(first + size * n, last))] for n in range(1, parts + 1) if first + size * (n - 1) < last]

    def within(self, after: Position | None, upto: Position) -> str:
        return compose("ctid >= {a:l}::tid AND ctid < {b:l}::tid", a=f"({after[0] if after else 0},0)", b=f"({upto[0]},0)")

    def all_within(self, after: Position | None, upto: Position) -> str:
        return self.within(after, upto)

    def pages(self, c: Connection, after: Position | None, bounds: Sequence[Position], rows: int) -> None:
        return None

    def stripe(self, number: int, of: int) -> str:
        assert self.key is not None
        return self.key.share(number, of)

    def spread(self, c: Connection, after: Position | None, upper: Position) -> float:
        if self.key is None:
            return 0.0
        first = int(after[0]) if after else 0
        return in_a_page(c, self.table, self.within(after, [str(min(first + LOOK, int(upper[0])))]))

    def extent(self, size: int, spread: float) -> float:
        return size

    def rows_in(self, c: Connection, after: Position | None, upto: Position) -> list[str] | None:
        query = compose(
            "SELECT ctid::text || CASE WHEN tableoid = {n:l}::regclass THEN '' ELSE ' ' || tableoid::regclass END FROM {t:t}"
            " WHERE {w:q} ORDER BY tableoid, ctid",
            n=compose("{t:t}", t=self.table), t=self.table, w=self.within(after, upto),
        )
        return [r[0] for r in c.execute(query.encode())]

    def at(self, rows: Sequence[str]) -> str:
        places = [r.partition(" ")[::2] for r in rows]
        known = compose("ctid = ANY (ARRAY[{r:q}]::tid[])", r=[compose("{p:l}", p=place) for place, _ in places])
        if not any(partition for _, partition in places):
            return known
        both = [compose("({n:l}::regclass, {p:l}::tid)", n=partition, p=place) for place, partition in places]
        return compose("{k:q} AND (tableoid, ctid) IN ({b:q})", k=known, b=both)

    def name(self, c: Connection, row: str) -> list[str]:
        if self.key is None:
            return [row]
        found = c.execute(compose("SELECT {k:q} FROM {t:t} WHERE {w:q}", k=self.key.as_text, t=self.table, w=self.at([row])).encode()).fetchone()
        return list(found) if found else [row]

    def share(self, low: Position | None, at: Position | None, upper: Position, visited: int, total: float) -> float:
        return int(at[0]) / max(1, int(upper[0])) if at else 0.0


def in_a_page(c: Connection, table: str, within: str) -> float:
    """How many rows stand in a page that has any, on average, among those for which the condition holds."""
    query = "SELECT count(*)::float8 / greatest(count(DISTINCT (tableoid, (ctid::text::point)[0])), 1) FROM {t:t} WHERE {w:q}"
    row = c.execute(compose(query, t=table, w=within).encode()).fetchone()
    return float(row[0]) if row else 0.0
