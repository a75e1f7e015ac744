"""CASCADE reaches tables that the statement does not name."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropConstraint, DropTable, Truncate
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class CascadeLocks(Rule):
    """DROP TABLE … CASCADE, TRUNCATE … CASCADE."""

    code = "BGM122"
    name = "cascade-locks"
    danger = "Every table that refers to this one is locked, and emptied or robbed of its foreign key, without being named."
    reason = "CASCADE takes ACCESS EXCLUSIVE on each referencing table; views that depend on a table go with it."
    unsafe = 'op.execute("DROP TABLE old_orders CASCADE")'
    safe = 'op.execute("DROP TABLE old_orders")'
    phase = "contract"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Any CASCADE on a table that was there."""
        a = at.action
        if at.ours or not isinstance(a, (DropTable, Truncate, DropConstraint)) or not a.cascade or within.new(a.table, at):
            return
        verb = "DROP TABLE" if isinstance(a, DropTable) else "TRUNCATE" if isinstance(a, Truncate) else "DROP CONSTRAINT"
        plain = f"ALTER TABLE {a.table} DROP CONSTRAINT {a.name}" if isinstance(a, DropConstraint) else f"{verb} {a.table}"
        yield Hit(
            what=f"{verb} … CASCADE on {a.table} locks and changes tables and views that it does not name", table=a.table,
            next=f"Drop the foreign keys that refer to {a.table} one by one before it (BGM121), then\n{execute(plain)}",
        )
