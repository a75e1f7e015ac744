"""A key is widened, and all that refer to it with it."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AlterType
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import rewrites


class KeyWidening(StrongLock):
    """ALTER COLUMN … TYPE of a primary key that revisions know to be one, with a rewrite."""

    code = "BGM218"
    name = "pk-widening"
    danger = "Nobody reads or writes while the table and its indexes are written anew, and every foreign key that points to it is looked up again."
    reason = "Under ACCESS EXCLUSIVE on the table and on all that refer to it, whose own columns stay narrow and have to follow."
    unsafe = """\
op.create_primary_key("pk_orders", "orders", ["id"])
op.alter_column("orders", "id", existing_type=sa.Integer(), type_=sa.BigInteger())"""
    safe = 'op.alter_column("orders", "note", existing_type=sa.String(40), type_=sa.String(80))'

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Beside BGM116, with the tables that refer to it."""
        a = at.action
        if not isinstance(a, AlterType) or not at.around.keyed:
            return
        if rewrites(a.was or (at.column.type if at.column else ""), a.type) is not True:
            return
        who = ", ".join(at.around.referring)
        yield Hit(
            what=f"the key {a.table}.{a.column} becomes {a.type.lower()} in one rewrite" + (f"; {who} refer to it and stay narrow" if who else ""),
            table=a.table, column=a.column,
            next=f"Give {a.table}.{a.column}{' and the columns that refer to it' if who else ''} the new type in the models and run `bgmigrate plan "
                 f"-m {a.column}`: columns beside them are kept in step and filled in short batches, and change places in one short transaction.",
        )
