"""Which table that is depends on the search_path."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateTable, DropTable
from bgmigrate.lint.actions_beside import CreateView
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class UnqualifiedSchema(Rule):
    """A table without a schema that no revision has made, where one has made a table of that name in a schema."""

    code = "BGM610"
    name = "unqualified-schema"
    severity = "info"
    danger = "The role that migrates may have another search_path than this revision counts on, and change another table or none."
    reason = "A name without a schema is looked up in the search_path of the session, which roles, databases and pools set."
    unsafe = """\
op.create_table("orders", sa.Column("id", sa.BigInteger()), schema="sales")
op.execute("ALTER TABLE orders ADD COLUMN note text")"""
    safe = """\
op.create_table("orders", sa.Column("id", sa.BigInteger()), schema="sales")
op.execute("ALTER TABLE sales.orders ADD COLUMN note text")"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Once for a table."""
        table = at.action.table
        if at.ours or not table or "." in table or isinstance(at.action, (CreateTable, CreateView)):
            return
        made = [s.action.table for s in within.before(at) if isinstance(s.action, CreateTable)]
        if table in made or table in within.known.tables or any(s.action.table == table for s in within.before(at)):
            return
        there = sorted({t for t in (*made, *within.known.tables) if t.endswith(f".{table}")})
        if there and not isinstance(at.action, DropTable):
            yield Hit(
                what=f"{table} without a schema; the history makes {', '.join(there)}", table=table,
                next=f'{there[0]} in SQL; schema="{there[0].rpartition(".")[0]}" in an operation',
            )
