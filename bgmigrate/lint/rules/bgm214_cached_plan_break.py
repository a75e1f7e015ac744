"""A prepared statement whose columns get other types."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AlterType
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import parts, rewrites


class CachedPlanBreak(Rule):
    """ALTER COLUMN … TYPE that needs no rewrite: the column keeps its name, and the sessions keep their plans."""

    code = "BGM214"
    name = "cached-plan-break"
    severity = "info"
    danger = "Each session that has prepared a statement over the column fails in it once: cached plan must not change result type (0A000)."
    reason = "psycopg 3 prepares after five runs. Inside of a transaction the error ends the transaction, and a retry is the application's."
    unsafe = 'op.alter_column("orders", "note", existing_type=sa.String(40), type_=sa.Text())'
    safe = 'op.add_column("orders", sa.Column("remark", sa.Text()))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A rewrite is worse, and another rule's."""
        a = at.action
        if not isinstance(a, AlterType) or at.ours or within.exempt(a.table, at) or within.added(a.table, a.column, at):
            return
        was = a.was or (at.column.type if at.column else "")
        if rewrites(was, a.type) is False and parts(was) != parts(a.type):
            yield Hit(
                what=f"prepared statements that read {a.table}.{a.column} fail once in each session", table=a.table, column=a.column,
                next="Connect with prepare_threshold=None during the release, or let the application run a transaction again after 0A000.",
            )
