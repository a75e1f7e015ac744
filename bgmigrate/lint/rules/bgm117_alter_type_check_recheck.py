"""A change of type that rewrites nothing, over a column that a CHECK looks at."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AlterType
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import rewrites
from bgmigrate.lint.write import call, execute, split


class AlterTypeCheckRecheck(StrongLock):
    """ALTER COLUMN … TYPE of a column that a known CHECK mentions, where the type itself needs no rewrite."""

    code = "BGM117"
    name = "alter-type-check-recheck"
    danger = "Nobody reads or writes the table while all of its rows are checked once more."
    reason = "PostgreSQL makes the CHECK anew for the new type, and verifies it under ACCESS EXCLUSIVE, although no stored value changes."
    unsafe = """\
op.execute("ALTER TABLE orders ADD CONSTRAINT ck_orders_note CHECK (note <> '') NOT VALID")
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT ck_orders_note")
op.alter_column("orders", "note", existing_type=sa.String(40), type_=sa.String(80))"""
    safe = """\
op.drop_constraint("ck_orders_note", "orders", type_="check")
op.alter_column("orders", "note", existing_type=sa.String(40), type_=sa.String(80))
op.create_check_constraint("ck_orders_note", "orders", "note <> ''", postgresql_not_valid=True)
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT ck_orders_note")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """One hit for a column, with all of its checks."""
        a = at.action
        if not isinstance(a, AlterType) or not at.around.checks:
            return
        if rewrites(a.was or (at.column.type if at.column else ""), a.type) is not False:
            return  # BGM116 speaks of that
        table, schema = split(a.table)
        named = at.around.checks
        yield Hit(
            what=f"every row of {a.table} is checked against {', '.join(named)} while nobody can read or write it", table=a.table, column=a.column,
            next="\n".join((
                *(call("drop_constraint", n, table, type_="check", schema=schema) for n in named),
                f"# then the change of {a.column}, and in the same transaction, with the text that it had:",
                *(execute(f"ALTER TABLE {a.table} ADD CONSTRAINT {n} CHECK (…) NOT VALID") for n in named),
                *(apart(execute(f"ALTER TABLE {a.table} VALIDATE CONSTRAINT {n}")) for n in named),
            )),
        )
