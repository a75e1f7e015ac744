"""Can the new table take the rows that are to be in it? Asked of all old rows before anything changes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import ClassVar

import psycopg

from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.locking import set_local
from bgmigrate.naming import split
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.expressions import tried
from bgmigrate.ops.require_data import key_shown
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, load


@operation("require_rows")
@dataclass
class RequireRows(Step):
    """Refuse, with their number and five keys, while old rows that `when` selects have values that the new table cannot take.

    Reads the old table; locks nothing. `values`: expressions by column, `types`: what they must be assignable to; `required`: columns for which
    NULL is no value. Nothing is asked once the new table is there: then the triggers and the closing check watch it.
    """

    may_refuse: ClassVar[bool] = True
    looks: ClassVar[bool] = True

    old: str
    new: str
    values: dict[str, str]
    types: dict[str, str]
    required: list[str] = field(default_factory=list)
    when: str = "true"

    def run(self, on: Runtime) -> None:
        if on.offline or not on.exists(self.old) or on.exists(self.new):
            return
        try:
            expressions = "; ".join((*self.values.values(), self.when))
            with tried(self.new, expressions, f"on {self.new}"), on.connection.transaction():
                on.connection.execute("SET TRANSACTION READ ONLY")
                set_local(on.connection, statement_timeout=on.settings.expand.data_timeout)
                found = [] if self._all_well(on) else [(c, f) for c in self.values if (f := self._found(on, c))]
        except psycopg.errors.QueryCanceled:
            on.found(Finding(
                code="BGM503", severity="warning", table=self.old,
                what=f"which rows of {self.old} {self.new} cannot take could not be counted in {on.settings.expand.data_timeout:g} s",
                why="The table is too large to be asked in that time. The backfill names such rows, and stops before anything else is built on them.",
                next="Nothing, or allow more time: expand.data_timeout (BGMIGRATE_EXPAND__DATA_TIMEOUT=10m).",
            ))
            return
        findings = [
            Finding(
                code="BGM503", table=self.old, column=column,
                what=f"{count:,} row{'s' if count > 1 else ''} of {self.old} {'have' if count > 1 else 'has'} no value for {self.new}.{column}:"
                f" {', '.join(keys)}{', …' if count > len(keys) else ''} ({words}: {self.values[column]})",
                why="Green would have no row for them, and contract would lose what blue has. Nothing was changed.",
                next=f"Mend these rows, or the hint on {self.new} (`when` may leave them out), then run the same command again.",
            )
            for column, (count, keys, words) in found
        ]
        if findings:
            raise Refused(findings[0].what, why=findings[0].why, next=findings[0].next, findings=findings)

    def _all_well(self, on: Runtime) -> bool:
        """The quick way: one scan that meets no error and nothing that a cast would change."""
        wrong = [compose("({e:q})::text IS DISTINCT FROM ({e:q})::{y:q}::text", e=e, y=self.types[c]) for c, e in self.values.items()]
        wrong += [compose("({e:q}) IS NULL", e=self.values[c]) for c in self.required]
        try:
            with on.connection.transaction():
                return not on.has(compose("SELECT 1 FROM {r:q} AND ({w:q}) LIMIT 1", r=self._rows(), w=" OR ".join(wrong)))
        except (psycopg.DataError, psycopg.errors.RaiseException, psycopg.errors.InternalError_):
            return False

    def _found(self, on: Runtime, column: str) -> tuple[int, list[str], str] | None:
        alias = split(self.old)[1]
        on.connection.execute(load(
            "unconvertible", type=self.types[column], shown=key_shown(on, self.old), table=compose("{a:i}", a=alias), **{"from": self._rows()},
            expression=self.values[column], alias=alias, required="true" if column in self.required else "false",
        ).encode())
        row = on.connection.execute("SELECT current_setting('bgmigrate.found')").fetchone()
        count, keys, words = json.loads(row[0]) if row else (0, [], "")
        return (count, keys, words) if count else None

    def _rows(self) -> str:
        return compose("{t:t} WHERE ({w:q})", t=self.old, w=self.when)
