"""A name that PostgreSQL cuts off."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn, AddConstraint, CreateIndex, CreateTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class LongIdentifier(Rule):
    """A name of more than 63 bytes."""

    code = "BGM609"
    name = "identifier>63"
    danger = "The object gets another name than the revision gives it: later revisions do not find it, or meet another that begins alike."
    reason = "PostgreSQL cuts names to 63 bytes with no more than a NOTICE."
    unsafe = 'op.create_table("customers_who_have_been_with_us_for_a_very_long_time_and_came_back", sa.Column("id", sa.BigInteger()))'
    safe = 'op.create_table("returned_customers", sa.Column("id", sa.BigInteger()))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Every name that is given."""
        a = at.action
        if at.ours:
            return
        names = [a.name] if isinstance(a, (AddConstraint, CreateIndex)) else [a.column.name] if isinstance(a, AddColumn) else []
        if isinstance(a, CreateTable):
            names = [a.table.rpartition(".")[2], *(c.name for c in a.columns), *(c.name for c in a.constraints)]
        for name in names:
            if len(name.encode()) > 63:
                cut = name.encode()[:63].decode(errors="ignore")
                yield Hit(what=f"{name} has {len(name.encode())} bytes; PostgreSQL makes {cut} of it", table=a.table or None, next=f"A shorter "
                f"name, such as {cut[:48]}")
