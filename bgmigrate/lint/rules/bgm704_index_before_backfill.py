"""An index that a backfill has to keep."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Change, CreateIndex, Ours
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class IndexBeforeBackfill(Rule):
    """An index of a column that this revision adds, built before the statement that fills the column."""

    code = "BGM704"
    name = "index-before-backfill"
    severity = "info"
    danger = "Every row that is filled writes the index as well, and none of these updates stays on its page (HOT)."
    reason = "Filled first and indexed afterwards, each row is written once, and the index in one pass, in its own order."
    unsafe = """\
op.begin_expand("1234")
op.add_columns("orders", {"net": "integer"})
op.build_index("orders", "ix_orders_net", "CREATE INDEX CONCURRENTLY ix_orders_net ON orders (net)")
op.backfill("orders", missing={"net": "total"})"""
    safe = """\
op.begin_expand("1234")
op.add_columns("orders", {"net": "integer"})
op.backfill("orders", missing={"net": "total"})
op.build_index("orders", "ix_orders_net", "CREATE INDEX CONCURRENTLY ix_orders_net ON orders (net)")"""
    phase = "expand"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """At what fills the column. Of an UPDATE in SQL the words tell which columns it writes."""
        a = at.action
        if not isinstance(a, (Ours, Change)) or within.new(a.table, at):
            return
        for s in within.before(at):
            i = s.action
            if not isinstance(i, CreateIndex) or i.table != a.table:
                continue
            new = [c for c in i.columns if within.added(a.table, c, at) and _fills(at, c)]
            if new:
                yield Hit(
                    what=f"{i.name} is built on line {s.line}, before {', '.join(new)} of {a.table} is filled", table=a.table, column=new[0],
                    next=f"Move the index {i.name} behind this statement.",
                )


def _fills(at: Statement, column: str) -> bool:
    a = at.action
    if isinstance(a, Ours):
        return column in a.columns
    return isinstance(a, Change) and a.verb == "UPDATE" and column in a.text.partition("WHERE")[0].replace(",", " ").split()
