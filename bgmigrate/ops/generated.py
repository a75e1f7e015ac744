"""Columns that PostgreSQL computes: a column made one, or given another expression."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from bgmigrate.errors import Refused
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.dependents import carried
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, load

GENERATED = (
    "SELECT a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid)"
    " FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE a.attrelid = to_regclass(%s) AND a.attname = %s AND NOT a.attisdropped"
)


@operation("generate_column")
@dataclass
class GenerateColumn(Step):
    """Let PostgreSQL compute a column: SET EXPRESSION where it is generated already (PostgreSQL 17+), else dropped and added in one transaction.

    ACCESS EXCLUSIVE; a stored column writes every row meanwhile, so `require_small` goes before it. What hangs on the column is made anew.
    """

    table: str
    column: str
    type: str
    expression: str
    stored: bool = True
    not_null: bool = False

    def run(self, on: Runtime) -> None:
        kind = "s" if self.stored else "v"
        if on.fetch(GENERATED, compose("{t:t}", t=self.table), self.column) == [(kind, self.expression)]:
            return
        drop, make = carried(on, self.table, {self.column: self.column})
        values = {"t": self.table, "c": self.column, "y": self.type, "e": self.expression}
        add = compose(
            "ALTER TABLE {t:t} ADD COLUMN {c:i} {y:q} GENERATED ALWAYS AS ({e:q}) {k:q}{n:q}", k="STORED" if self.stored else "VIRTUAL",
            n=" NOT NULL" if self.not_null else "", **values,
        )
        rebuild = load(
            "generate_column", table=compose("{t:t}", t=self.table), column=self.column, generated=kind, add=add,
            set=compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} SET EXPRESSION AS ({e:q})", **values),
        )
        try:
            on.strong([self.table], *drop, rebuild, *make)
        except (psycopg.errors.IntegrityError, psycopg.errors.DataError) as error:
            raise Refused(
                f"{self.table}.{self.column} cannot be computed for every row: {error.diag.message_primary}: {self.expression}",
                why="A row that is there breaks a rule of the column, or the expression cannot take its values. Nothing was changed.",
                next=f"Mend such rows of {self.table}, then run the same command again.", code="BGM505",
            ) from error
