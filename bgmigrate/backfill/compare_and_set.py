"""Rows read, given to a transform, and written only where they still are what was read (compare and set, BGM705).

Nothing is locked while Python computes. A row that changed in between is never overwritten: it is marked, and read again by a catch-up pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Json, Jsonb

from bgmigrate.backfill.batch import bare
from bgmigrate.backfill.keys import Key
from bgmigrate.backfill.transform import Function, Transform
from bgmigrate.database import Connection
from bgmigrate.naming import ident
from bgmigrate.sql import compose

_VALUE = "\x01"  # stands in a statement for a parameter, until the percent signs of names are doubled
_IN_ORDER = "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"  # each row is found by its key
AT_ONCE = 1_000  # rows a statement: it has a parameter for each value, and a message holds 65,535 of them
_JSON = {"json": Json, "jsonb": Jsonb}


@dataclass(frozen=True, kw_only=True)
class Made:
    """What is to be written: the key as text, what the row said when it was read, and its new values."""

    key: list[str]
    was: str
    values: list[Any]


@dataclass(frozen=True)
class CompareAndSet:
    """A transform over a table with a key."""

    table: str
    key: Key
    transform: Transform

    @cached_property
    def _function(self) -> Function:
        return self.transform.load()

    @property
    def todo(self) -> str:
        """The condition that a row is due: nothing is written yet, and something that is read has a value."""
        return compose("{e:q} AND ({t:q})", e=empty(self.transform.writes), t=there(self.transform.reads, self.key.columns))

    def read(self, c: Connection, within: str) -> list[tuple[list[str], str, Mapping[str, Any]]]:
        """Rows within a condition that are due, in key order: (key, what it says, what the function is given)."""
        given = list(dict.fromkeys((*self.key.columns, *self.transform.reads)))
        query = compose(
            "SELECT {k:q}, {w:q} AS bgm_was, {g:i} FROM {t:t} WHERE ({within:q}) AND {todo:q} ORDER BY {o:q}", k=self.key.as_text,
            w=self._says(), g=given, t=self.table, within=within, todo=self.todo, o=self.key.order,
        )
        with c.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(query.encode()).fetchall()
        keys = [f"bgm_key_{i}" for i in range(len(self.key.columns))]
        return [([r[k] for k in keys], r["bgm_was"], {g: r[g] for g in given}) for r in found]

    def make(self, c: Connection, within: str) -> list[Made]:
        """Read and compute; outside of any transaction. Raises TransformFailed, Refused."""
        rows = self.read(c, within)
        answers = self.transform.make(self._function, [given for _, _, given in rows]) if rows else []
        return [
            Made(key=key, was=was, values=[_adapted(values[w], t) for w, t in zip(self.transform.writes, self.transform.types, strict=True)])
            for (key, was, _), values in zip(rows, answers, strict=True)
            if values is not None and any(v is not None for v in values.values())
        ]

    def write(self, c: Connection, made: Sequence[Made]) -> list[list[str]]:
        """Write them; inside the caller's transaction. Returns the keys of rows that are not what was read any more: those stay as they are."""
        lost: list[list[str]] = []
        if made:
            c.execute(_IN_ORDER)
        for start in range(0, len(made), AT_ONCE):
            part = made[start : start + AT_ONCE]
            values = [v for m in part for v in (*m.key, m.was, *m.values)]
            written = {tuple(r) for r in c.execute(self._update(len(part)).encode(), values)}
            lost += [m.key for m in part if tuple(m.key) not in written]
        return lost

    def among(self, keys: Sequence[Sequence[str]]) -> str:
        """The condition for rows with these keys."""
        return f"{self.key.sql} IN ({', '.join(self.key.at(k) for k in keys)})"

    def _says(self) -> str:
        """Everything that is read and written as one text that no two different rows share."""
        return compose("ROW({c:q})::text", c=[f"{self._name}.{ident(c)}" for c in (*self.transform.reads, *self.transform.writes)])

    @property
    def _name(self) -> str:
        return compose("{t:t}", t=self.table)

    def _update(self, rows: int) -> str:
        keys, new = self.key, [f"bgm_new_{i}" for i in range(len(self.transform.writes))]
        types = [*keys.types, "text", *(bare(t) for t in self.transform.types)]  # without the length: too long a value is refused, not cut
        names = [f"bgm_at_{i}" for i in range(len(keys.columns))]
        one = f"({', '.join(f'{_VALUE}::{t}' for t in types)})"
        statement = compose(
            "UPDATE {t:t} SET {a:q} FROM (VALUES {v:q}) AS bgm_made ({n:i}) WHERE {k:q} AND {says:q} = bgm_made.bgm_was RETURNING {r:q}",
            t=self.table, a=[compose("{c:i} = bgm_made.{n:i}", c=c, n=n) for c, n in zip(self.transform.writes, new, strict=True)],
            v=[one] * rows, n=[*names, "bgm_was", *new], says=self._says(), r=[f"{self._name}.{ident(c)}::text" for c in keys.columns],
            k=" AND ".join(f"{self._name}.{ident(c)} = bgm_made.{n}" for c, n in zip(keys.columns, names, strict=True)),
        )
        return statement.replace("%", "%%").replace(_VALUE, "%s")


def empty(writes: Sequence[str], row: str = "") -> str:
    """Has the row none of these values yet?"""
    return " AND ".join(f"{row}{ident(c)} IS NULL" for c in writes)


def there(reads: Sequence[str], key: Sequence[str], row: str = "") -> str:
    """Is there anything to make values of? A key alone says nothing, unless nothing else is read."""
    return " OR ".join(f"{row}{ident(c)} IS NOT NULL" for c in reads if c not in key) or "true"


def _adapted(value: Any, type_: str) -> Any:
    """A Python value as psycopg takes it: what is to be JSON needs to be called so."""
    wrapper = _JSON.get(type_)
    return wrapper(value) if wrapper is not None and value is not None and not isinstance(value, (Json, Jsonb)) else value
