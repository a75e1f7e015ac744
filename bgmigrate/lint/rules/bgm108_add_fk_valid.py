"""ADD FOREIGN KEY locks two tables against writers while it scans."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddConstraint
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import add_constraint, execute


class AddForeignKeyValid(StrongLock):
    """ADD CONSTRAINT … FOREIGN KEY without NOT VALID."""

    code = "BGM108"
    name = "add-fk-valid"
    danger = "Nobody writes to either table while every row is looked up."
    reason = ("It takes SHARE ROW EXCLUSIVE on both tables for a scan. NOT VALID takes it for an instant; VALIDATE, in a transaction of its own, "
    "blocks "
              "neither reads nor writes. NOT VALID on a partitioned table: 18+.")
    unsafe = 'op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"])'
    safe = """\
op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"], postgresql_not_valid=True)
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT fk_orders_user")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A key that is checked in every row."""
        a = at.action
        if isinstance(a, AddConstraint) and a.kind == "foreign key" and a.valid:
            name = a.name or f"fk_{a.table.rpartition('.')[2]}_{'_'.join(a.columns)}"
            validated = apart(execute(f"ALTER TABLE {a.table} VALIDATE CONSTRAINT {name}"))
            yield Hit(
                what=f"{name} is checked in every row while nobody can write to {a.table} or {a.references}", table=a.table,
                next=f"{add_constraint(a, valid=False)}\n{validated}",
            )
