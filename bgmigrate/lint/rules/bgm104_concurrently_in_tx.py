"""CONCURRENTLY cannot run inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateIndex, DetachPartition, DropIndex, Reindex, Rewrite
from bgmigrate.lint.rule import Hit, Rule, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import call, create_index, execute, split


class ConcurrentlyInTransaction(Rule):
    """CREATE / DROP INDEX, REINDEX or DETACH PARTITION CONCURRENTLY in Alembic's transaction."""

    code = "BGM104"
    name = "concurrently-in-tx"
    severity = "error"
    danger = "The statement fails with 25001, and with it the migration."
    reason = "PostgreSQL refuses CONCURRENTLY (and VACUUM) inside a transaction block, and Alembic begins one around every revision."
    unsafe = 'op.create_index("ix_orders_email", "orders", ["email"], postgresql_concurrently=True)'
    safe = """\
with op.get_context().autocommit_block():
    op.create_index("ix_orders_email", "orders", ["email"], postgresql_concurrently=True)"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A transaction is open around it."""
        a = at.action
        if at.ours or at.transaction is None:
            return
        match a:
            case CreateIndex(concurrently=True):
                text = create_index(a)
            case DropIndex(concurrently=True):
                name, schema = split(a.name)
                text = call("drop_index", name, table_name=split(a.table)[0] or None, schema=schema, postgresql_concurrently=True)
            case Reindex(concurrently=True):
                kind, _, name = a.name.partition(" ")
                text = execute(f"REINDEX {kind} CONCURRENTLY {name}")
            case DetachPartition(concurrently=True):
                text = execute(f"ALTER TABLE {a.table} DETACH PARTITION {a.partition} CONCURRENTLY")
            case Rewrite(how="VACUUM FULL"):
                text = execute(f"VACUUM FULL {a.table}")
            case _:
                return
        what = "VACUUM FULL" if isinstance(a, Rewrite) else "CONCURRENTLY"
        yield Hit(what=f"{what} fails inside the transaction that Alembic has begun (25001)", next=apart(text), table=a.table or None)
