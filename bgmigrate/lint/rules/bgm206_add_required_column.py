"""A required column that nobody fills."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class AddRequiredColumn(Rule):
    """ADD COLUMN … NOT NULL without a default."""

    code = "BGM206"
    name = "add-required-column"
    severity = "error"
    danger = "The migration fails where the table has a row (23502); where it has none, the version that runs cannot insert any."
    reason = "Rows that are there have no value, and a version that does not know the column gives none."
    unsafe = 'op.add_column("orders", sa.Column("state", sa.Text(), nullable=False))'
    safe = 'op.add_column("orders", sa.Column("state", sa.Text(), nullable=False, server_default="new"))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """On a table that was there."""
        a = at.action
        if not isinstance(a, AddColumn) or at.ours or within.new(a.table, at):
            return
        c = a.column
        emptied = within.emptied(a.table, at)
        if not c.nullable and c.default is None and not c.numbers_itself and not c.generated:
            yield Hit(
                what=f"{a.table}.{c.name} is NOT NULL and has no default", severity="warning" if emptied else None, table=a.table, column=c.name,
                next=execute(f"ALTER TABLE {a.table} ADD COLUMN {c.name} {c.type.lower()} NOT NULL DEFAULT …")
                + f"  # a constant; without one, let `bgmigrate plan -m {c.name}` fill it from the other columns",
            )
