"""What the column holds is gone, and no rollback brings it back."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropColumn
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class DestroyColumn(Rule):
    """DROP COLUMN in expand."""

    code = "BGM301"
    name = "drop-column"
    severity = "error"
    danger = "What the column holds is gone, and no rollback brings it back."
    reason = "Expand must be possible to take back; what destroys belongs to contract."
    unsafe = 'op.drop_column("users", "nick")'
    safe = 'op.alter_column("users", "nick", nullable=True)'
    phase = "expand"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Of what was there before the revision."""
        a = at.action
        if within.phase == "expand" and isinstance(a, DropColumn) and not within.new(a.table, at) and not within.added(a.table, a.column, at):
            yield Hit(
                what=f"{a.table}.{a.column} and its values are gone for good", table=a.table,
                next=f"Move it to the contract revision, behind op.begin_contract(revision): op.drop_columns(\"{a.table}\", [\"{a.column}\"])",
            )
