"""The rows are gone, and nobody reads or writes the table meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Truncate
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class DestroyRows(Rule):
    """TRUNCATE in expand."""

    code = "BGM304"
    name = "truncate"
    severity = "error"
    danger = "The rows are gone, and nobody reads or writes the table meanwhile."
    reason = "TRUNCATE takes ACCESS EXCLUSIVE, and no rollback of a release brings the rows back."
    unsafe = 'op.execute("TRUNCATE orders")'
    safe = 'op.execute("CREATE TABLE orders_archive (LIKE orders)")'
    phase = "expand"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Of what was there before the revision."""
        a = at.action
        if within.phase == "expand" and isinstance(a, Truncate) and not within.new(a.table, at):
            yield Hit(
                what=f"every row of {a.table} is gone for good", table=a.table,
                next=f"Move it to the contract revision, behind op.begin_contract(revision), where nobody reads {a.table} any more.",
            )
