"""A dropped table is still read by the version that runs."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropTable
from bgmigrate.lint.rule import Breaking, Hit
from bgmigrate.lint.statement import Reading, Statement


class DropTableInUse(Breaking):
    """DROP TABLE outside of contract."""

    code = "BGM205"
    name = "drop-table-in-use"
    danger = "The version that runs fails wherever it uses the table."
    reason = "The table may go when no version that maps it is connected any more. It also takes ACCESS EXCLUSIVE on every table that it refers to."
    unsafe = 'op.drop_table("badges")'
    safe = 'op.drop_constraint("fk_badges_user", "badges", type_="foreignkey")'
    phase = "expand"

    def breaks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A table that was there before this revision."""
        a = at.action
        if isinstance(a, DropTable):
            yield Hit(
                what=f"{a.table} is dropped while a version may run that uses it", table=a.table, severity="error" if within.traffic else None,
                next=f"Take {a.table} out of the models first and run `bgmigrate plan -m drop_{a.table.rpartition('.')[2]}`: contract drops it "
                     f"when the old "
                     "version is gone.",
            )
