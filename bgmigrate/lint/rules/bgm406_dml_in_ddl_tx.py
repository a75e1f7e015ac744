"""Rows are rewritten while a table is locked."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Change
from bgmigrate.lint.locks import exclusive
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class DmlInDdlTransaction(Rule):
    """UPDATE or DELETE after ACCESS EXCLUSIVE was taken in the same transaction."""

    code = "BGM406"
    name = "dml-in-ddl-tx"
    danger = "The table that was altered cannot be read until all the rows are written."
    reason = "A lock is held until the transaction ends, and a backfill takes its time. In short batches after the commit nobody waits."
    unsafe = """\
op.add_column("orders", sa.Column("gross", sa.Integer()))
op.execute("UPDATE orders SET gross = net + tax WHERE gross IS NULL")"""
    safe = 'op.add_column("orders", sa.Column("gross", sa.Integer()))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Once for each table that is changed: certain harm where every row is written, else a warning."""
        a = at.action
        if not isinstance(a, Change) or a.verb == "INSERT" or within.exempt(a.table, at):
            return
        earlier = list(within.same_transaction(at))
        held = {t for s in earlier for t in exclusive(s, within)} - within.small
        if not held or any(isinstance(s.action, Change) and s.action.table == a.table and s.action.verb != "INSERT" for s in earlier):
            return
        yield Hit(
            what=f"{a.verb} {a.table} while {', '.join(sorted(held))} {'is' if len(held) == 1 else 'are'} locked by what stands "
                 f"before it", table=a.table,
            severity="warning" if a.limited else "error",
            next=f"Fill {a.table} after the commit and in short batches: op.backfill(\"{a.table}\", …) of bgmigrate.revisions, or a revision of "
                 f"its own "
                 "that commits every few hundred rows.",
        )
