"""IF NOT EXISTS is content with an index that is INVALID."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateIndex
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import Code, call, literal


class NonIdempotentStep(Rule):
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS."""

    code = "BGM409"
    name = "non-idempotent-step"
    danger = "After a build that failed the second run says that all is well, and the index is never used."
    reason = "A build that fails leaves an INVALID index of that name, and IF NOT EXISTS asks for the name only."
    unsafe = """\
with op.get_context().autocommit_block():
    op.create_index("ix_orders_day", "orders", ["day"], if_not_exists=True, postgresql_concurrently=True)"""
    safe = """\
with op.get_context().autocommit_block():
    op.drop_index("ix_orders_day", table_name="orders", if_exists=True, postgresql_concurrently=True)
    op.create_index("ix_orders_day", "orders", ["day"], postgresql_concurrently=True)"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Of an index on a table in use."""
        a = at.action
        if not isinstance(a, CreateIndex) or at.ours or not (a.concurrently and a.guarded) or within.new(a.table, at):
            return
        unique = "UNIQUE " if a.unique else ""
        using = f" USING {a.method}" if a.method not in ("", "btree") else ""
        where = f" WHERE {a.predicate}" if a.predicate else ""
        definition = f"CREATE {unique}INDEX CONCURRENTLY {a.name} ON {a.table}{using} ({', '.join(a.columns)}){where}"
        yield Hit(
            what=f"where {a.name} is left INVALID by a failed build, the next run passes over it", table=a.table,
            next=f"{call('build_index', a.table, a.name, Code(literal(definition)))}  # of bgmigrate.revisions: drops and rebuilds what is INVALID",
        )
