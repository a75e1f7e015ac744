"""A foreign key between columns of two types."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import parts


class ForeignKeyTypeMismatch(Rule):
    """A foreign key whose column has another type than the one that it points to, where revisions say both."""

    code = "BGM506"
    name = "fk-type-mismatch"
    danger = "An integer that points to a bigint ends at 2,147,483,647; other pairs are refused (42804), or compared by a cast with no index."
    reason = "PostgreSQL takes any two types that have an equality operator between them, and checks nothing about their ranges."
    unsafe = """\
op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True))
op.create_table("items", sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id")))"""
    safe = """\
op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True))
op.create_table("items", sa.Column("order_id", sa.BigInteger(), sa.ForeignKey("orders.id")))"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Each pair of columns."""
        for mine, other in at.around.pairs:
            if parts(mine[1])[0] != parts(other[1])[0]:
                table = at.action.table
                yield Hit(
                    what=f"{table}.{mine[0]} is {mine[1].lower()} and points to {other[0]}, which is {other[1].lower()}", table=table, column=mine[0],
                    next=f'sa.Column("{mine[0]}", …) of the type of {other[0]}, {other[1].lower().replace("serial", "int")}',
                )

