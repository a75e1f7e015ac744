"""REINDEX locks writers out, and readers that would use the index."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Reindex
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class ReindexNotConcurrent(StrongLock):
    """REINDEX without CONCURRENTLY."""

    code = "BGM103"
    name = "reindex-not-concurrent"
    danger = "Writers of the table, and readers whose plan looks at the index, wait until it is built anew."
    reason = "REINDEX takes SHARE on the table and ACCESS EXCLUSIVE on the index. CONCURRENTLY (12+) takes neither; it cannot run in a transaction."
    unsafe = 'op.execute("REINDEX INDEX ix_orders_email")'
    safe = """\
with op.get_context().autocommit_block():
    op.execute("REINDEX INDEX CONCURRENTLY ix_orders_email")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Any REINDEX that is not CONCURRENTLY."""
        a = at.action
        if isinstance(a, Reindex) and not a.concurrently:
            kind, _, name = a.name.partition(" ")
            yield Hit(what=f"REINDEX {a.name} locks writers out", next=apart(execute(f"REINDEX {kind} CONCURRENTLY {name}")), table=a.table or None)
