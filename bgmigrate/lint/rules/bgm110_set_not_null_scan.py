"""SET NOT NULL scans the table under the strongest lock, unless a CHECK proves it."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import SetNotNull
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import call, execute, split


class SetNotNullScan(StrongLock):
    """SET NOT NULL with no validated CHECK (column IS NOT NULL) before it."""

    code = "BGM110"
    name = "set-not-null-scan"
    danger = "Nobody reads or writes the table while all of its rows are looked at; a NULL fails the migration."
    reason = "It takes ACCESS EXCLUSIVE for a scan. A validated CHECK (column IS NOT NULL) proves it without one (12+)."
    unsafe = 'op.alter_column("orders", "total", nullable=False)'
    safe = """\
op.create_check_constraint("orders_total_set", "orders", "total IS NOT NULL", postgresql_not_valid=True)
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT orders_total_set")
op.alter_column("orders", "total", nullable=False)
op.drop_constraint("orders_total_set", "orders", type_="check")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Unless it is proved, or the column has it already."""
        a = at.action
        if not isinstance(a, SetNotNull) or within.proved_not_null(a.table, a.column, at):
            return
        if at.column and not at.column.nullable:
            return
        table, schema = split(a.table)
        check = f"{table}_{a.column}_set"
        yield Hit(
            what=f"every row of {a.table} is looked at for a NULL in {a.column} while nobody can read or write", table=a.table, column=a.column,
            next="\n".join((
                call("create_check_constraint", check, table, f"{a.column} IS NOT NULL", schema=schema, postgresql_not_valid=True),
                apart(execute(f"ALTER TABLE {a.table} VALIDATE CONSTRAINT {check}")),
                call("alter_column", table, a.column, nullable=False, schema=schema),
                call("drop_constraint", check, table, type_="check", schema=schema),
            )),
        )
