"""json has no equality; jsonb has."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class JsonColumn(Rule):
    """ADD COLUMN of type json."""

    code = "BGM216"
    name = "json-column"
    danger = "SELECT DISTINCT, GROUP BY and UNION over the table's columns fail from then on (42883)."
    reason = "json has no equality operator. jsonb has, can be indexed, and is what to use unless the text itself must be kept."
    unsafe = 'op.add_column("orders", sa.Column("extra", sa.JSON()))'
    safe = 'op.add_column("orders", sa.Column("extra", postgresql.JSONB()))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """On a table in use."""
        a = at.action
        if isinstance(a, AddColumn) and not at.ours and a.column.type.lower() == "json" and not within.new(a.table, at):
            name = a.column.name
            yield Hit(
                what=f"{a.table}.{name} is json: DISTINCT over {a.table} fails", table=a.table, column=name,
                next=f'sa.Column("{name}", postgresql.JSONB())  # from sqlalchemy.dialects import postgresql',
            )
