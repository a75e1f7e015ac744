"""Along a key: the order in which most tables were filled, and in which a range stays what it was when it was claimed, wherever its rows move."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Sequence

from bgmigrate.backfill.keys import Key
from bgmigrate.backfill.walk import DENSE, Position
from bgmigrate.database import Connection
from bgmigrate.sql import compose

GAPS = 1.3  # numbers for each row: up to there the next ranges are not counted out
LOOK = 200  # rows looked at to see how they are spread
ENDS = 20  # rows looked at on either end of a part to see in which pages it stands
UNEVEN = 2.0  # times a share's due: numbers that count something else in their last bits are hashed
FAR = 64  # pages that are soon read, whatever stands in them


class Keys:
    """Along the primary key, or another unique one."""

    begin, largest = 1_000, 50_000

    def __init__(self, table: str, key: Key) -> None:
        self.table, self.key = table, key
        self._whole = len(key.types) == 1 and key.types[0] in ("smallint", "integer", "bigint")
        self._even = self._whole  # do the numbers' last bits spread the rows evenly?
        self._dense: list[str] | None = None  # beyond that number there is hardly a gap, as far as was looked

    def top(self, c: Connection) -> list[str] | None:
        return self._read(c, compose("SELECT {k:q} FROM {t:t} ORDER BY {o:q} LIMIT 1", k=self.key.as_text, t=self.table, o=self.key.descending))

    def bottom(self, c: Connection) -> list[str] | None:
        """The first position there is now; None when there is no row."""
        return self._read(c, compose("SELECT {k:q} FROM {t:t} ORDER BY {o:q} LIMIT 1", k=self.key.as_text, t=self.table, o=self.key.order))

    def ends(self, c: Connection, after: Position | None, upper: Position, size: int, parts: int) -> list[list[str]]:
        width = size if after is not None and self._dense == list(after) else 0  # of numbers: no more rows than that, and no query is needed
        found: list[list[str]] = []
        while len(found) < parts and (not found or found[-1] != list(upper)):
            last = found[-1] if found else after
            if width:
                assert last is not None
                found.append([str(min(int(last[0]) + width, int(upper[0])))])
                continue
            end = self._read(
                c,
                compose(
                    "SELECT {k:q} FROM {t:t} WHERE {w:q} ORDER BY {o:q} OFFSET {n:l} LIMIT 1",
                    k=self.key.as_text, t=self.table, w=self.within(last, upper), o=self.key.order, n=size - 1,
                ),
            )
            found.append(end or list(upper))
            if len(found) == 1 and self._whole and after is not None and (numbers := int(found[0][0]) - int(after[0])) <= size * GAPS:
                width = numbers
        return found

    def within(self, after: Position | None, upto: Position) -> str:
        return self.key.between(after, upto)

    def all_within(self, after: Position | None, upto: Position) -> str:
        return self.key.between_by_page(after, upto)

    def pages(self, c: Connection, after: Position | None, bounds: Sequence[Position], rows: int) -> list[tuple[int, int]] | None:
        begins, upper = [after, *bounds[:-1]], bounds[-1]
        looks = [self._places(self.within(begin, upper), self.key.order, ENDS) for begin in begins]
        looks.append(self._places(self.within(begins[-1], upper), self.key.descending, ENDS))
        found: list[list[int]] = [[] for _ in looks]
        query = " UNION ALL ".join(compose("(SELECT {n:l}, * FROM ({q:q}) AS {a:i})", n=n, q=q, a=f"bgm_at_{n}") for n, q in enumerate(looks))
        for at, here, page, _ in c.execute(query.encode()):
            if not here:
                return None  # in a partition
            found[at].append(page)
        if not all(found):
            return None
        edges = [statistics.median_low(pages) for pages in found]  # some rows may have moved
        places = [(min(a, b), max(a, b)) for a, b in itertools.pairwise(edges)]
        return places if all(high - low < max(FAR, rows / DENSE) for low, high in places) else None

    def stripe(self, number: int, of: int) -> str:
        if self._even:
            return compose("({k:i} & {m:l}) = {s:l}", k=self.key.columns[0], m=of - 1, s=number)
        return self.key.share(number, of)

    def spread(self, c: Connection, after: Position | None, upper: Position) -> float:
        rows = c.execute(self._places(self.within(after, upper), self.key.order, LOOK).encode()).fetchall()
        if not rows:
            return 0.0
        if self._whole:
            self._even = max(Counter(number & 7 for *_, number in rows).values()) <= len(rows) / 8 * UNEVEN
            self._dense = list(after) if after is not None and rows[-1][2] - int(after[0]) <= len(rows) * GAPS else None
        return len(rows) / len({page for _, page, _ in rows})

    def extent(self, size: int, spread: float) -> float:
        return size / max(1.0, spread)

    def rows_in(self, c: Connection, after: Position | None, upto: Position) -> list[str] | None:
        return None

    def at(self, rows: Sequence[str]) -> str:
        raise NotImplementedError("a range of one key is one row")

    def name(self, c: Connection, row: str) -> list[str]:
        raise NotImplementedError("a range of one key is one row")

    def share(self, low: Position | None, at: Position | None, upper: Position, visited: int, total: float) -> float:
        if at is None:
            return 0.0
        if self._whole and low is not None and int(upper[0]) > int(low[0]):
            return (int(at[0]) - int(low[0])) / (int(upper[0]) - int(low[0]))
        return 1.0 if list(at) == list(upper) else min(0.99, visited / max(total, 1.0))

    def _places(self, within: str, order: str, most: int) -> str:
        """The query for the first rows: do they stand in this table itself (not in a partition), in which page, and the key if it is a number."""
        return compose(
            "SELECT tableoid = {n:l}::regclass, (ctid::text::point)[0]::bigint, {b:q} FROM {t:t} WHERE {w:q} ORDER BY {o:q} LIMIT {m:l}",
            n=compose("{t:t}", t=self.table), b=compose("{k:i}", k=self.key.columns[0]) if self._whole else "0",
            t=self.table, w=within, o=order, m=most,
        )

    def _read(self, c: Connection, query: str) -> list[str] | None:
        row = c.execute(query.encode()).fetchone()
        return list(row) if row else None
