"""A table is gone through twice where once would do."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn, AddConstraint, AlterType, SetNotNull
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.work import work


class MergeableAlters(StrongLock):
    """Two ALTER TABLE of one transaction that each scan or write the same table anew, on different lines of the revision."""

    code = "BGM408"
    name = "mergeable-alters"
    severity = "info"
    danger = "The table is locked for twice the time that one statement would need."
    reason = "ALTER TABLE takes any number of commands, separated by commas, and goes through the table once for all of them."
    unsafe = """\
op.alter_column("orders", "total", existing_type=sa.Integer(), type_=sa.BigInteger())
op.alter_column("orders", "net", existing_type=sa.Integer(), type_=sa.BigInteger())"""
    safe = 'op.execute("ALTER TABLE orders ALTER total TYPE bigint, ALTER net TYPE bigint")'

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """The second and every later one."""
        if not _passes(at, within):
            return
        first = next((s for s in within.same_transaction(at) if s.action.table == at.action.table and _passes(s, within)), None)
        if first is not None and first.line != at.line:
            yield Hit(
                what=f"{at.action.table} is gone through once more; line {first.line} did so in the same transaction", table=at.action.table,
                next=f'op.execute("ALTER TABLE {at.action.table} …, …")  # both commands, separated by a comma',
            )


def _passes(at: Statement, within: Reading) -> bool:
    a = at.action
    return isinstance(a, (AlterType, AddColumn, SetNotNull, AddConstraint)) and any(
        w.table == a.table and w.kind in ("rewrites", "scans") for w in work(at, within)
    ) and getattr(a, "kind", "") in ("", "check")
