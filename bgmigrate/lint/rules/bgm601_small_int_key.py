"""A key that runs out at two thousand million."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class SmallIntKey(Rule):
    """A new table whose key numbers itself in an integer or smallint."""

    code = "BGM601"
    name = "small-int-key"
    severity = "info"
    danger = "At 2,147,483,647 every INSERT fails, and widening the key of a large table is a release of its own."
    reason = "Failed inserts and rolled back batches use numbers up as well; four bytes more a row cost less."
    unsafe = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))'
    safe = 'op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """One for a table."""
        a = at.action
        if not isinstance(a, CreateTable) or at.ours:
            return
        for c in a.columns:
            if c.numbers_itself and "big" not in c.type.lower() and (c.primary_key or any(c.name in k.columns for k in a.constraints)):
                yield Hit(
                    what=f"the key {a.table}.{c.name} numbers itself in {c.type.lower().replace('serial', 'integer')}", table=a.table, column=c.name,
                    next=f'sa.Column("{c.name}", sa.BigInteger(), primary_key=True)',
                )
