"""What becomes of the rows that are there: every expression is tried on all of them before anything changes.

pgroll and Alembic find the first value that does not convert in the middle of the backfill; a lossy way back is found by a customer. Ours
counts both on the real data, with keys, in a read-only transaction, and a person decides what is to become of such rows.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import psycopg

from bgmigrate.backfill.batch import differs
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.locking import set_local
from bgmigrate.naming import split
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import there
from bgmigrate.ops.expressions import tried
from bgmigrate.ops.require_data import key_shown
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, load


@contextlib.contextmanager
def _asking(on: Runtime, given: list[str]) -> Iterator[None]:
    """A transaction that changes nothing, within the time limit; what is given is there in it, and taken back with it."""
    with on.connection.transaction(force_rollback=True):
        for statement in given:
            on.connection.execute(statement.encode())
        if not given:
            on.connection.execute("SET TRANSACTION READ ONLY")
        set_local(on.connection, statement_timeout=on.settings.expand.data_timeout)
        yield


@operation("require_convertible")
@dataclass
class RequireConvertible(Step):
    """Refuse, with their number and five keys, while rows have values that an expression cannot take. Reads the table; locks nothing.

    `type`: of the column that gets the values, as which they must be assignable. `required`: NULL is no value; `called`: what findings name
    the column; `given`: statements that create what the type needs, taken back with the question. A table too large to be asked within
    `expand.data_timeout` is a warning. Nothing is asked once the column is there: then its trigger and the closing check watch it.
    """

    may_refuse: ClassVar[bool] = True
    looks: ClassVar[bool] = True

    table: str
    column: str
    type: str
    expression: str
    required: bool = False
    called: str = ""
    given: list[str] = field(default_factory=list)

    def run(self, on: Runtime) -> None:
        if on.offline or not on.exists(self.table) or self.column in there(on.connection, self.table):
            return
        try:
            called = f"{self.table}.{self.called or self.column}"
            with tried(called, self.expression, f"for {called}"):
                found = self._found(on)
        except psycopg.errors.DuplicateObject:
            return  # what is given was created by a run before: this question was answered then
        except psycopg.errors.QueryCanceled:
            on.found(Finding(
                code="BGM503", severity="warning", table=self.table, column=self.called or self.column,
                what=f"which values of {self.table} {self.expression} cannot take could not be counted in {on.settings.expand.data_timeout:g} s",
                why="The table is too large to be asked in that time. The backfill names such rows, and stops before anything else is built on them.",
                next="Nothing, or allow more time: expand.data_timeout (BGMIGRATE_EXPAND__DATA_TIMEOUT=10m).",
            ))
            return
        if found is None:
            return
        count, keys, words = found
        raise Refused(
            f"{count:,} row{'s' if count > 1 else ''} of {self.table} {'have' if count > 1 else 'has'} no value for {self._called}:"
            f" {', '.join(keys)}{', …' if count > len(keys) else ''} ({words}: {self.expression})",
            why="Green would read NULL there, and contract would lose what blue has. Nothing was changed.",
            next="Mend these rows or the expression, then run the same command again; or decide in the hints of "
            f"{self.called or self.column} what becomes of them: "
            '"policy": "keep-blue" (green reads NULL, and contract waits until they are mended) or "null" (NULL for good).',
            code="BGM503",
        )

    @property
    def _called(self) -> str:
        return f"{self.called} as {self.type}" if self.called else self.column

    def _found(self, on: Runtime) -> tuple[int, list[str], str] | None:
        c, alias = on.connection, split(self.table)[1]
        with _asking(on, self.given):
            if self._all_well(on):
                return None
            c.execute(load(
                "unconvertible", type=self.type, shown=key_shown(on, self.table), table=compose("{a:i}", a=alias),
                **{"from": compose("{t:t}", t=self.table)}, expression=self.expression, alias=alias, required="true" if self.required else "false",
            ).encode())
            row = c.execute("SELECT current_setting('bgmigrate.found')").fetchone()
        count, keys, words = json.loads(row[0]) if row else (0, [], "")
        return (count, keys, words) if count else None

    def _all_well(self, on: Runtime) -> bool:
        """The quick way: one scan that meets no error and nothing that a cast would change."""
        null = compose("OR ({e:q}) IS NULL", e=self.expression) if self.required else ""
        changed = compose("({e:q})::text IS DISTINCT FROM ({e:q})::{y:q}::text {n:q}", e=self.expression, y=self.type, n=null)
        try:
            with on.connection.transaction():
                return not on.has(compose("SELECT 1 FROM {t:t} WHERE {c:q} LIMIT 1", t=self.table, c=changed))
        except (psycopg.DataError, psycopg.errors.RaiseException, psycopg.errors.InternalError_, psycopg.ProgrammingError) as error:
            if isinstance(error, (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege)):
                raise
            return False


@operation("count_round_trips")
@dataclass
class CountRoundTrips(Step):
    """Say, with their number and five keys, which rows would not come back from the new columns as they were. Reads the table; locks nothing.

    `forward` and `backward` as the trigger has them; `types`: the new columns' types; `given`: statements that create what these need.
    Such rows keep what they hold: it is only what green writes that comes back otherwise. Nothing is asked once the new columns are there.
    """

    looks: ClassVar[bool] = True

    table: str
    forward: dict[str, str]
    backward: dict[str, str]
    types: dict[str, str] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)

    def run(self, on: Runtime) -> None:
        if on.offline or not on.exists(self.table) or {*self.forward} & there(on.connection, self.table):
            return
        types: dict[str, Any] = dict(on.fetch(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0",
            compose("{t:t}", t=self.table),
        ))
        gone = [c for c in self.backward if c in types]
        if not gone:
            return
        alias = split(self.table)[1]
        made = [compose("({e:q})::{y:q} AS {c:i}", e=e, y=self.types.get(c, "text"), c=c) for c, e in self.forward.items()]
        back = " OR ".join(differs(compose("({e:q})::{y:q}", e=self.backward[c], y=types[c]), compose("{c:i}", c=c), types[c]) for c in gone)
        rows = compose(
            "(SELECT {a:i}.*, {k:q} AS bgm_key, {m:q} FROM {t:t} AS {a:i}) AS {a:i}", a=alias, k=key_shown(on, self.table), m=made, t=self.table
        )
        try:
            with _asking(on, self.given):
                found = on.fetch(compose("SELECT count(*) OVER (), bgm_key FROM {r:q} WHERE {b:q} LIMIT 5", r=rows, b=back))
        except (psycopg.errors.QueryCanceled, psycopg.DataError, psycopg.errors.DuplicateObject):
            return  # what does not convert is told by the demand that asks for it
        if found:
            keys = [r[1] for r in found]
            on.found(Finding(
                code="BGM503", severity="warning", table=self.table, column=next(iter(self.forward)),
                what=f"{found[0][0]:,} row(s) of {self.table} would not come back as they are: {', '.join(keys)}{', …' if found[0][0] > 5 else ''}",
                why=f"`backward` does not give {', '.join(gone)} back for them. They keep what they hold; when green writes one, blue reads what "
                "`backward` gives.",
                next="Nothing, if blue can live with that; else correct `forward` or `backward`.",
            ))

