"""NOT VALID is of no use with VALIDATE in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddConstraint, ValidateConstraint
from bgmigrate.lint.rule import Hit, Rule, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class ValidateInSameTransaction(Rule):
    """ADD CONSTRAINT … NOT VALID and VALIDATE CONSTRAINT with no commit between."""

    code = "BGM404"
    name = "validate-in-same-tx"
    severity = "error"
    danger = "The table stays locked through the scan, which is what NOT VALID was to avoid."
    reason = "The lock of ADD CONSTRAINT (ACCESS EXCLUSIVE; for a foreign key SHARE ROW EXCLUSIVE on both tables) is held until the transaction ends."
    unsafe = """\
op.create_check_constraint("ck_orders_total", "orders", "total >= 0", postgresql_not_valid=True)
op.execute("ALTER TABLE orders VALIDATE CONSTRAINT ck_orders_total")"""
    safe = """\
op.create_check_constraint("ck_orders_total", "orders", "total >= 0", postgresql_not_valid=True)
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT ck_orders_total")"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """The pair of one name."""
        a = at.action
        if not isinstance(a, ValidateConstraint) or at.ours or within.exempt(a.table, at):
            return
        for s in within.same_transaction(at):
            if isinstance(s.action, AddConstraint) and (s.action.table, s.action.name) == (a.table, a.name) and not s.action.valid:
                yield Hit(
                    what=f"{a.name} is validated in the transaction that added it (line {s.line})", table=a.table,
                    next=apart(execute(f"ALTER TABLE {a.table} VALIDATE CONSTRAINT {a.name}")),
                )
