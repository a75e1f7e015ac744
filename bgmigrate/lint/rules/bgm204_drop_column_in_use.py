"""A dropped column is still read by the version that runs."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropColumn
from bgmigrate.lint.rule import Breaking, Hit
from bgmigrate.lint.statement import Reading, Statement


class DropColumnInUse(Breaking):
    """DROP COLUMN outside of contract."""

    code = "BGM204"
    name = "drop-column-in-use"
    danger = "The version that runs names the column in every SELECT and INSERT of its model, and fails."
    reason = "An ORM lists the columns that it maps. The column may go when no version that maps it is connected any more."
    unsafe = 'op.drop_column("users", "nick")'
    safe = 'op.alter_column("users", "nick", nullable=True)'
    phase = "expand"

    def breaks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A column that was there before this revision."""
        a = at.action
        if not isinstance(a, DropColumn) or within.added(a.table, a.column, at):
            return
        yield Hit(
            what=f"{a.table}.{a.column} is dropped while a version may run that maps it", table=a.table, column=a.column,
            severity="error" if within.traffic else None,
            next=f"Take {a.column} out of the model first and run `bgmigrate plan -m drop_{a.column}`: expand lets the new version leave it out, "
                 f"contract drops "
                 "it when the old version is gone.",
        )
