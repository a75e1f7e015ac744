"""A narrower type, and rows that do not fit."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AlterType
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import narrows


class LossyCast(Rule):
    """ALTER COLUMN … TYPE to a type that cannot hold every value of the one before."""

    code = "BGM503"
    name = "lossy-cast"
    danger = "The first row that does not fit ends the migration (22001, 22003, 22P02), or its value is rounded without a word."
    reason = "Which rows there are is known to the database alone: `bgmigrate plan` counts them, and asks before anything is changed."
    unsafe = 'op.alter_column("orders", "total", existing_type=sa.BigInteger(), type_=sa.Integer())'
    safe = 'op.alter_column("orders", "note", existing_type=sa.String(40), type_=sa.Text())'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Where both types are known."""
        a = at.action
        was = a.was or (at.column.type if at.column else "") if isinstance(a, AlterType) else ""
        if not isinstance(a, AlterType) or at.ours or within.new(a.table, at) or not narrows(was, a.type):
            return
        yield Hit(
            what=f"{a.table}.{a.column}: not every {was.lower()} is a {a.type.lower()}", table=a.table, column=a.column,
            next=f"Change the type in the model and run `bgmigrate plan -m {a.column}`: rows that do not fit are counted and named. By hand: "
                 f"count those of {a.table} before it",
        )
