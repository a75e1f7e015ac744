"""serial is three things that are granted, dumped and dropped apart."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn, CreateTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class SerialNotIdentity(Rule):
    """A new column that is serial."""

    code = "BGM602"
    name = "serial-not-identity"
    severity = "info"
    danger = "Its sequence needs a grant of its own, and anybody may write a number that the sequence gives out later."
    reason = "serial is an integer, a sequence and a default. GENERATED … AS IDENTITY (10+) is one thing, in the standard, and guards its numbers."
    unsafe = 'op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True))'
    safe = 'op.create_table("orders", sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """One for a column; SQLAlchemy makes an integer key serial where nothing else is said."""
        a = at.action
        if at.ours or not isinstance(a, (AddColumn, CreateTable)):
            return
        for c in (a.column,) if isinstance(a, AddColumn) else a.columns:
            if "serial" in c.type.lower() and not c.identity:
                kind = "sa.BigInteger()" if "big" in c.type.lower() else "sa.Integer()"
                yield Hit(
                    what=f"{a.table}.{c.name} is {c.type.lower()}", table=a.table, column=c.name,
                    next=f'sa.Column("{c.name}", {kind}, sa.Identity()' + (", primary_key=True)" if c.primary_key else ")"),
                )
