"""A version that takes every value for granted meets the first NULL."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropNotNull
from bgmigrate.lint.rule import Breaking, Hit
from bgmigrate.lint.statement import Reading, Statement


class DropANotNull(Breaking):
    """DROP NOT NULL outside of contract."""

    code = "BGM208"
    name = "drop-not-null"
    severity = "info"
    danger = "The new version writes a NULL, and the version that runs reads it where it expects a value."
    reason = "The constraint was a promise to every reader. Expand may drop it for a column that the new version leaves out of its INSERTs."
    unsafe = 'op.alter_column("users", "nick", nullable=True)'
    safe = """\
op.add_column("users", sa.Column("nick", sa.Text(), nullable=False, server_default=""))
op.alter_column("users", "nick", nullable=True)"""

    def breaks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """In expand a warning: whether a NULL is written there depends on the new version."""
        a = at.action
        if not isinstance(a, DropNotNull) or at.ours or within.added(a.table, a.column, at) or (at.column and at.column.nullable):
            return
        yield Hit(
            what=f"{a.table}.{a.column} may be NULL while a version runs that expects a value", table=a.table, column=a.column,
            severity="warning" if within.traffic else None,
            next=f"Make {a.column} nullable in the model and run `bgmigrate plan -m {a.column}`: it asks what the version that runs can read.",
        )
