"""DROP INDEX waits for everybody, and everybody waits for it."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropIndex
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import call, split


class DropIndexNotConcurrent(StrongLock):
    """DROP INDEX without CONCURRENTLY."""

    code = "BGM102"
    name = "drop-index-not-concurrent"
    severity = "warning"
    danger = "While it waits for the last transaction that uses the table, every query of the table waits behind it."
    reason = "DROP INDEX takes ACCESS EXCLUSIVE on the table as well. CONCURRENTLY blocks neither reads nor writes; it cannot run in a transaction."
    unsafe = 'op.drop_index("ix_orders_email", table_name="orders")'
    safe = """\
with op.get_context().autocommit_block():
    op.drop_index("ix_orders_email", table_name="orders", postgresql_concurrently=True)"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A drop that locks the table."""
        a = at.action
        if not isinstance(a, DropIndex) or a.concurrently:
            return
        table = a.table or within.table_of(a.name, at)
        if table and within.exempt(table, at):
            return
        name, schema = split(a.name)
        text = call("drop_index", name, table_name=split(table)[0] or None, schema=schema, postgresql_concurrently=True)
        yield Hit(what=f"{a.name} is dropped under ACCESS EXCLUSIVE{f' on {table}' if table else ''}", next=apart(text), table=table or None)
