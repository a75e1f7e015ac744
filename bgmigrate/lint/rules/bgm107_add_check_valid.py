"""ADD CHECK scans the table under the strongest lock."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddConstraint
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import add_constraint, execute


class AddCheckValid(StrongLock):
    """ADD CONSTRAINT … CHECK without NOT VALID."""

    code = "BGM107"
    name = "add-check-valid"
    danger = "Nobody reads or writes the table while all of its rows are checked."
    reason = ("It takes ACCESS EXCLUSIVE for a scan. NOT VALID takes it for an instant; VALIDATE, in a transaction of its own, blocks neither "
              "reads nor writes.")
    unsafe = 'op.create_check_constraint("ck_orders_total", "orders", "total >= 0")'
    safe = """\
op.create_check_constraint("ck_orders_total", "orders", "total >= 0", postgresql_not_valid=True)
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT ck_orders_total")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A check that looks at every row."""
        a = at.action
        if isinstance(a, AddConstraint) and a.kind == "check" and a.valid:
            name = a.name or f"ck_{a.table.rpartition('.')[2]}"
            validated = apart(execute(f"ALTER TABLE {a.table} VALIDATE CONSTRAINT {name}"))
            yield Hit(
                what=f"{name} is checked in every row while nobody can read or write {a.table}", table=a.table,
                next=f"{add_constraint(a, valid=False)}\n{validated}",
            )
