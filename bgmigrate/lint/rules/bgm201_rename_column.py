"""A renamed column is gone for the version that runs."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import RenameColumn
from bgmigrate.lint.rule import Breaking, Hit
from bgmigrate.lint.statement import Reading, Statement


class RenameAColumn(Breaking):
    """RENAME COLUMN."""

    code = "BGM201"
    name = "rename-column"
    danger = "Every statement of the version that runs fails that names the column, from that instant on."
    reason = "Both versions run during a release, and a column has one name."
    unsafe = 'op.alter_column("users", "name", new_column_name="full_name")'
    safe = """\
op.add_column("users", sa.Column("full_name", sa.Text()))"""

    def breaks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Any rename."""
        a = at.action
        if isinstance(a, RenameColumn) and not at.ours and not within.added(a.table, a.column, at):
            yield Hit(
                what=f"{a.table}.{a.column} becomes {a.to}: the version that runs fails with 42703", table=a.table, column=a.column,
                severity="error" if within.traffic else None,
                next=f'Give the model\'s column {a.to} the hint info={{"bgmigrate": {{"renamed_from": "{a.column}"}}}}, and run '
                     f"`bgmigrate plan -m {a.to}`: both columns stay, each follows the other, until the old version is gone.",
            )
