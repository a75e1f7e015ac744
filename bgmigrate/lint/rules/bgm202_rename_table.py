"""A renamed table is gone for the version that runs."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import RenameTable
from bgmigrate.lint.rule import Breaking, Hit
from bgmigrate.lint.statement import Reading, Statement


class RenameATable(Breaking):
    """ALTER TABLE … RENAME TO."""

    code = "BGM202"
    name = "rename-table"
    danger = "Every statement of the version that runs fails that names the table, from that instant on."
    reason = "Both versions run during a release, and a table has one name. A simple view under the other name is read and written like the table."
    unsafe = 'op.rename_table("people", "users")'
    safe = 'op.execute("CREATE VIEW users WITH (security_invoker = true) AS SELECT * FROM people")'

    def breaks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A rename of a table that is in use; not one that makes room for its successor's copy."""
        a = at.action
        if isinstance(a, RenameTable) and not a.moved and not at.ours:
            yield Hit(
                what=f"{a.table} becomes {a.to}: the version that runs fails with 42P01", table=a.table, severity="error" if within.traffic else None,
                next=f'Give the model of {a.to} the hint __table_args__ = {{"info": {{"bgmigrate": {{"renamed_from": "{a.table}"}}}}}}, and run '
                     f"`bgmigrate plan -m {a.to}`: a view has the new name until the old version is gone.",
            )
