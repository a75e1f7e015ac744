"""Every row of a table in one transaction."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Change
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class UnbatchedUpdate(Rule):
    """UPDATE or DELETE without a WHERE."""

    code = "BGM701"
    name = "unbatched-update"
    danger = "Every row stays locked until the commit, the table doubles, and vacuum cannot clean up anywhere meanwhile."
    reason = "One transaction that writes every row; in batches of some hundred rows, in key order, nobody waits for longer than a moment."
    unsafe = 'op.execute("UPDATE orders SET state = \'new\'")'
    safe = 'op.execute("UPDATE settings SET value = \'2\' WHERE name = \'version\'")'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Of a table that was there and is not small."""
        a = at.action
        if isinstance(a, Change) and a.verb in ("UPDATE", "DELETE") and not a.limited and not within.exempt(a.table, at):
            yield Hit(
                what=f"{a.verb} of every row of {a.table} in one transaction", table=a.table,
                next=f'op.backfill("{a.table}", …)  # of bgmigrate.revisions: in short batches, resumed where it stopped. Where {a.table} is '
                     f'small, say so: '
                     f'small_tables = ["{a.table}"] in [tool.bgmigrate.lint]',
            )
