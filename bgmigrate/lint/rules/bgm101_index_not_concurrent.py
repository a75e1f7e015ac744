"""CREATE INDEX locks every writer out while it is built."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateIndex
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import create_index


class IndexNotConcurrent(StrongLock):
    """CREATE [UNIQUE] INDEX without CONCURRENTLY."""

    code = "BGM101"
    name = "index-not-concurrent"
    danger = "Every INSERT, UPDATE and DELETE on the table waits until the index is built."
    reason = ("CREATE INDEX takes SHARE on the table for the whole scan and build. CONCURRENTLY takes SHARE UPDATE EXCLUSIVE, with which reads and "
              "writes go on; it cannot run in a transaction. On a partitioned table: ON ONLY, then each partition's CONCURRENTLY, then ATTACH.")
    unsafe = 'op.create_index("ix_orders_email", "orders", ["email"])'
    safe = """\
with op.get_context().autocommit_block():
    op.create_index("ix_orders_email", "orders", ["email"], postgresql_concurrently=True)"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A build on a table that is in use."""
        a = at.action
        if isinstance(a, CreateIndex) and not a.concurrently and not a.only:
            yield Hit(what=f"{a.name or 'the index'} is built while nobody can write to {a.table}", next=apart(create_index(a)), table=a.table)
