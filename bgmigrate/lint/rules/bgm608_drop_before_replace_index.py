"""Between the old index and the new one there is none."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateIndex, DropIndex
from bgmigrate.lint.rule import Hit, Rule, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import call, create_index, split


class DropBeforeReplaceIndex(Rule):
    """CREATE INDEX CONCURRENTLY that leads with the column of an index that the revision has dropped before."""

    code = "BGM608"
    name = "drop-before-replace-index"
    danger = "Until the new index is built every query that relied on the old one reads the whole table."
    reason = "Outside of a transaction each statement is seen at once. Built first, under another name, the new one takes over without a gap."
    unsafe = """\
op.create_table("orders", sa.Column("day", sa.Date()))
op.create_index("ix_orders_day", "orders", ["day"])
with op.get_context().autocommit_block():
    op.drop_index("ix_orders_day", table_name="orders", postgresql_concurrently=True)
    op.create_index("ix_orders_day_state", "orders", ["day", "state"], postgresql_concurrently=True)"""
    safe = """\
op.create_table("orders", sa.Column("day", sa.Date()))
op.create_index("ix_orders_day", "orders", ["day"])
with op.get_context().autocommit_block():
    op.create_index("ix_orders_day_state", "orders", ["day", "state"], postgresql_concurrently=True)
    op.drop_index("ix_orders_day", table_name="orders", postgresql_concurrently=True)"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Where the dropped index is known, and the two are not in one transaction."""
        a = at.action
        if not isinstance(a, CreateIndex) or at.ours or not a.columns:
            return
        for s in within.before(at):
            old = s.around.index
            apart_ = at.transaction is None or s.transaction != at.transaction
            if isinstance(s.action, DropIndex) and old is not None and apart_ and old.table == a.table and old.columns[:1] == a.columns[:1]:
                name, schema = split(s.action.name)
                new = CreateIndex(**{**vars(a), "name": a.name if a.name != old.name else f"{a.name}_new"})
                dropped = call("drop_index", name, table_name=split(a.table)[0], schema=schema, postgresql_concurrently=True)
                yield Hit(
                    what=f"{a.table} has no index that leads with {a.columns[0]} from line {s.line} until this one is built", table=a.table,
                    next=apart(f"{create_index(new)}\n{dropped}"),
                )
                return
