"""The order in which a table's rows are visited: its primary key, another unique key, or the pages themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bgmigrate.database import Connection
from bgmigrate.naming import qualified
from bgmigrate.sql import compose, literal, template

_HASH = {"uuid": "uuid_hash({c:i})", "bigint": "hashint8({c:i})", "integer": "hashint4({c:i})", "smallint": "hashint2({c:i})"}


@dataclass(frozen=True, kw_only=True)
class Key:
    """Columns that identify a row, with their types. Positions travel as text, one string for each column."""

    columns: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def sql(self) -> str:
        """The row of key columns, for comparisons and ORDER BY."""
        return compose("({c:i})", c=self.columns) if len(self.columns) > 1 else compose("{c:i}", c=self.columns[0])

    @property
    def order(self) -> str:
        """The columns for ORDER BY."""
        return compose("{c:i}", c=self.columns)

    @property
    def descending(self) -> str:
        """The columns for ORDER BY from the last key."""
        return ", ".join(compose("{c:i} DESC", c=c) for c in self.columns)

    @property
    def as_text(self) -> str:
        """The select list that reads a position. Its columns have names of their own: ORDER BY would take `id::text` for the key's `id`."""
        return ", ".join(compose("{c:i}::text AS {n:i}", c=c, n=f"bgm_key_{i}") for i, c in enumerate(self.columns))

    def at(self, position: Sequence[str]) -> str:
        """A position as an SQL row."""
        values = ", ".join(f"{literal(v)}::{t}" for v, t in zip(position, self.types, strict=True))
        return f"({values})" if len(self.columns) > 1 else values

    def share(self, number: int, of: int) -> str:
        """The condition for one of several shares (a power of two) of the rows, drawn by lot."""
        hashes = " # ".join(compose(_HASH.get(t, "hashtext({c:i}::text)"), c=c) for c, t in zip(self.columns, self.types, strict=True))
        return compose("(({h:q}) & {m:l}) = {s:l}", h=hashes, m=of - 1, s=number)

    def between(self, after: Sequence[str] | None, upto: Sequence[str]) -> str:
        """The condition for keys in (after, upto]."""
        upper = compose("{k:q} <= {u:q}", k=self.sql, u=self.at(upto))
        return compose("{k:q} > {a:q} AND {u:q}", k=self.sql, a=self.at(after), u=upper) if after else upper

    def between_by_page(self, after: Sequence[str] | None, upto: Sequence[str]) -> str:
        """The same, as two conditions, which no index answers at once: PostgreSQL collects the places, then reads each page once (a bitmap)."""
        k, last = self.sql, self.at(upto)
        before = compose("{k:q} < {u:q}", k=k, u=last)
        if after:
            before = compose("{k:q} > {a:q} AND {b:q}", k=k, a=self.at(after), b=before)
        return compose("({b:q} OR {k:q} = {u:q})", b=before, k=k, u=last)


def key_of(connection: Connection, table: str) -> Key | None:
    """The table's primary key, else its smallest unique key over NOT NULL columns; None when it has neither."""
    row = connection.execute(template("table_key").encode(), [qualified(table)]).fetchone()
    return Key(columns=tuple(row[0]), types=tuple(row[1])) if row else None
