"""Bytes between columns that hold nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bgmigrate.lint.actions import Column, CreateTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import parts

_SIZES = {
    "bigint": (8, 8), "double precision": (8, 8), "timestamp without time zone": (8, 8), "timestamp with time zone": (8, 8),
    "time without time zone": (8, 8), "interval": (16, 8), "integer": (4, 4), "real": (4, 4), "date": (4, 4), "oid": (4, 4),
    "smallint": (2, 2), "boolean": (1, 1), "uuid": (16, 1),
}  # bytes, and what their beginning is a multiple of (pg_type.typlen, typalign)
_WORTH = 8  # bytes a row


class Alignment(Rule):
    """A new table whose columns of fixed length, put in another order, would take eight bytes a row less."""

    code = "BGM612"
    name = "alignment"
    severity = "info"
    danger = "Every row is longer than its values, and every page that is read holds fewer of them."
    reason = "A bigint or a timestamp begins at a multiple of eight bytes; what is left before it is padding. Largest first leaves none."
    unsafe = """\
op.create_table("seats", sa.Column("free", sa.Boolean()), sa.Column("id", sa.BigInteger()), sa.Column("row", sa.SmallInteger()),
                sa.Column("since", sa.DateTime(timezone=True)))"""
    safe = """\
op.create_table("seats", sa.Column("id", sa.BigInteger()), sa.Column("since", sa.DateTime(timezone=True)), sa.Column("row", sa.SmallInteger()),
                sa.Column("free", sa.Boolean()))"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Columns up to the first whose length varies; what comes after it lies differently in each row."""
        a = at.action
        if not isinstance(a, CreateTable) or at.ours or a.partition_of:
            return
        fixed = []
        for c in a.columns:
            if parts(c.type)[0] not in _SIZES:
                break
            fixed.append(c)
        best = sorted(fixed, key=lambda c: (-_SIZES[parts(c.type)[0]][1], -_SIZES[parts(c.type)[0]][0]))
        spare = _length(fixed) - _length(best)
        if spare >= _WORTH:
            yield Hit(
                what=f"{spare} bytes of each row of {a.table} are padding", table=a.table,
                next=f"This order has none: {', '.join(c.name for c in best)}",
            )


def _length(columns: Sequence[Column]) -> int:
    at = 0
    for c in columns:
        size, align = _SIZES[parts(c.type)[0]]
        at = -(-at // align) * align + size
    return -(-at // 8) * 8
