"""Several tables locked in one transaction are a deadlock in waiting."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Lock
from bgmigrate.lint.locks import taken
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class ManyTablesOneTransaction(Rule):
    """Strong locks on several tables in use, one after another. One statement that locks two (a foreign key) counts once."""

    code = "BGM405"
    name = "many-tables-one-tx"
    danger = ("An application's transaction that takes the tables in the other order waits for the migration, and the migration for it: one is "
              "cancelled (40P01).")
    reason = ("Locks are kept until the transaction ends. One table a transaction, or LOCK TABLE for all of them first, in the order in which the "
              "application takes them.")
    unsafe = """\
op.add_column("users", sa.Column("nick", sa.Text()))
op.add_column("orders", sa.Column("note", sa.Text()))"""
    safe = """\
op.execute("LOCK TABLE users, orders IN ACCESS EXCLUSIVE MODE")
op.add_column("users", sa.Column("nick", sa.Text()))
op.add_column("orders", sa.Column("note", sa.Text()))"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Once in a transaction, where the second table comes in."""
        mine = _first(at, within)
        if not mine:
            return
        before: set[str] = set()
        for s in within.same_transaction(at):
            if isinstance(s.action, Lock):
                return
            before |= {t for t in (_first(s, within),) if t}
        if len(before) == 1 and mine not in before:
            one = before.pop()
            yield Hit(
                what=f"{mine} is locked while {one} is, in one transaction", table=mine,
                next=f"Put what concerns {mine} into a revision of its own; or lock both at the beginning:\n"
                     f'op.execute("LOCK TABLE {one}, {mine} IN ACCESS EXCLUSIVE MODE")',
            )


def _first(at: Statement, within: Reading) -> str:
    """The statement's own table, where it locks it."""
    own = within.original(at.action.table, at)
    return next((t for t, _ in taken(at, within) if t == own and t not in within.small), "")
