"""Slow work while a lock is held that keeps everybody out."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Change
from bgmigrate.lint.locks import exclusive
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.work import slow


class StatementAfterStrongLock(Rule):
    """A scan, build or rewrite after ACCESS EXCLUSIVE was taken in the same transaction. What is brief after it is no finding."""

    code = "BGM403"
    name = "statement-after-strong-lock"
    danger = "The table that an earlier statement locked cannot be read until this one, too, is done."
    reason = "A lock is held until the transaction ends, however brief the statement was that took it."
    unsafe = """\
op.add_column("users", sa.Column("nick", sa.Text()))
op.create_index("ix_orders_day", "orders", ["day"])"""
    safe = """\
op.add_column("users", sa.Column("nick", sa.Text()))
with op.get_context().autocommit_block():
    op.create_index("ix_orders_day", "orders", ["day"], postgresql_concurrently=True)"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Once in a transaction, at the first slow statement."""
        work = slow(at, within)
        if not work or isinstance(at.action, Change):  # BGM406 speaks of those
            return
        earlier = list(within.same_transaction(at))
        held = {t for s in earlier for t in exclusive(s, within)} - exclusive(at, within)  # what it locks itself is another rule's
        seen: set[str] = set()
        for s in earlier:
            if seen and slow(s, within) and not isinstance(s.action, Change):
                return
            seen |= exclusive(s, within)
        if held:
            yield Hit(
                what=f"it {work} while {', '.join(sorted(held))} {'is' if len(held) == 1 else 'are'} locked by what stands "
                     f"before it", table=at.action.table,
                next="Give it a transaction of its own: another revision, or what runs before it within\nwith op.get_context().autocommit_block():",
            )
