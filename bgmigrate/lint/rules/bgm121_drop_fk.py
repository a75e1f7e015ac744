"""Dropping a foreign key locks both of its tables."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropConstraint, Lock
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import call, execute


class DropForeignKey(StrongLock):
    """DROP CONSTRAINT of a foreign key."""

    code = "BGM121"
    name = "drop-fk"
    severity = "warning"
    danger = ("It waits for the transactions of two tables; one that has the second and wants the first is a deadlock, and may be the one that is "
              "cancelled.")
    reason = "It takes ACCESS EXCLUSIVE on the referencing and then on the referenced table, while applications lock them in the other order."
    unsafe = 'op.drop_constraint("fk_orders_user", "orders", type_="foreignkey")'
    safe = """\
op.execute("LOCK TABLE users, orders IN ACCESS EXCLUSIVE MODE")
op.drop_constraint("fk_orders_user", "orders", type_="foreignkey")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A key whose tables were not locked together before."""
        a = at.action
        if not isinstance(a, DropConstraint) or within.kind(at) != "foreign key":
            return
        before = within.original(a.table, at)
        if any(isinstance(s.action, Lock) and s.action.table == a.table for s in within.same_transaction(at)):
            return
        parent = next((k.references for k in within.known.keys.get(before, ()) if k.name == a.name), "")
        if parent and within.exempt(parent, at):
            return
        lock = execute(f"LOCK TABLE {parent or '<the referenced table>'}, {a.table} IN ACCESS EXCLUSIVE MODE")
        yield Hit(
            what=f"{a.name} is dropped under ACCESS EXCLUSIVE on {a.table} and then on {parent or 'the table that it refers to'}", table=a.table,
            next=f"{call('remove_constraint', a.table, a.name)}  # of bgmigrate.revisions: both at once, tried again within a lock budget\n"
                 f"# or, before it: {lock}",
        )
