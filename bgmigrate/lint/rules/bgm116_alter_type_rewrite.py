"""Most changes of type write the table anew."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AlterType
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import rewrites


class AlterTypeRewrite(StrongLock):
    """ALTER COLUMN … TYPE, where PostgreSQL does not know the stored values to be good for the new type."""

    code = "BGM116"
    name = "alter-type-rewrite"
    danger = "Nobody reads or writes the table while it is written anew and every index of it is rebuilt."
    reason = ("Under ACCESS EXCLUSIVE. Not rewritten are: a longer varchar, varchar to text and back without a length, a numeric with more digits "
    "and the same "
              "scale, cidr to inet, a timestamp with more digits, timestamp to timestamptz where TimeZone is UTC (12+).")
    unsafe = 'op.alter_column("orders", "id", existing_type=sa.Integer(), type_=sa.BigInteger())'
    safe = 'op.alter_column("orders", "note", existing_type=sa.String(40), type_=sa.String(80))'

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A rewrite for certain: an error; where the type before is not known: a warning."""
        a = at.action
        if not isinstance(a, AlterType):
            return
        was = a.was or (at.column.type if at.column else "")
        certain = rewrites(was, a.type)
        if certain is False:
            return
        new = a.type or "its new type"
        yield Hit(
            what=f"{a.table}.{a.column} from {was} to {new} writes the table anew" if certain
            else f"{a.table}.{a.column} to {new} {'may write' if was else 'writes'} the table "
            f"anew{'' if was else ', unless its type was one that can stay'}",
            severity="error" if certain else "warning", table=a.table, column=a.column,
            next=f"Give the column its new type in the model and run `bgmigrate plan -m {a.column}`: a column beside it, kept in step by a "
                 f"trigger, filled in "
                 f"short batches, takes the name {a.column}."
                 + ("" if was else f" Or say which type it had: existing_type=… (ALTER of {a.table}.{a.column})."),
        )
