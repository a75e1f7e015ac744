"""What the table holds is gone, and no rollback brings it back."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class DestroyTable(Rule):
    """DROP TABLE in expand."""

    code = "BGM302"
    name = "drop-table"
    severity = "error"
    danger = "What the table holds is gone, and no rollback brings it back."
    reason = "Expand must be possible to take back; what destroys belongs to contract."
    unsafe = 'op.drop_table("badges")'
    safe = 'op.create_table("marks", sa.Column("id", sa.BigInteger(), primary_key=True))'
    phase = "expand"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Of what was there before the revision."""
        a = at.action
        if within.phase == "expand" and isinstance(a, DropTable) and not within.new(a.table, at):
            yield Hit(
                what=f"{a.table} and its rows are gone for good", table=a.table,
                next=f"Move it to the contract revision, behind op.begin_contract(revision): op.drop_tables([\"{a.table}\"])",
            )
