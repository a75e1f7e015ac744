"""Statements that lock out no reader and no writer, and still wait."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Other
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class HiddenShareUpdateExclusive(Rule):
    """COMMENT, SET (…), SET STATISTICS, CREATE STATISTICS on a table in use."""

    code = "BGM124"
    name = "hidden-sue"
    severity = "info"
    danger = "It waits for a VACUUM, an index build or a VALIDATE of the table, and they for it; beside a strong lock everybody waits with it."
    reason = "SHARE UPDATE EXCLUSIVE conflicts with itself. Reads and writes go on, as long as nothing stronger is held beside it."
    unsafe = 'op.execute("ALTER TABLE orders SET (fillfactor = 80)")'
    safe = 'op.execute("ALTER TABLE orders ALTER COLUMN note SET DEFAULT \'\'")'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Each."""
        a = at.action
        if isinstance(a, Other) and a.mode == "SHARE UPDATE EXCLUSIVE" and not at.ours and a.table and not within.exempt(a.table, at):
            yield Hit(
                what=f"{a.what} takes SHARE UPDATE EXCLUSIVE on {a.table}: it and VACUUM wait for each other", table=a.table,
                next="Keep it in a transaction of its own, with a lock_timeout: op.execute(\"SET LOCAL lock_timeout = '1s'\")",
            )
