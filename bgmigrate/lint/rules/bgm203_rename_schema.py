"""Tables in another schema are gone for the version that runs."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.findings import Severity
from bgmigrate.lint.actions import RenameSchema, RenameTable
from bgmigrate.lint.rule import Breaking, Hit
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class RenameASchema(Breaking):
    """ALTER SCHEMA … RENAME TO, ALTER TABLE … SET SCHEMA."""

    code = "BGM203"
    name = "rename-schema"
    danger = "Every statement of the version that runs fails that names the table in its schema, from that instant on."
    reason = "Both versions run during a release. Views in the new schema are read and written like the tables."
    unsafe = 'op.execute("ALTER TABLE orders SET SCHEMA sales")'
    safe = 'op.execute("CREATE VIEW sales.orders WITH (security_invoker = true) AS SELECT * FROM orders")'

    def breaks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Any move."""
        a = at.action
        severity: Severity | None = "error" if within.traffic else None
        if isinstance(a, RenameSchema):
            yield Hit(
                what=f"schema {a.schema} becomes {a.to}: the version that runs finds none of its tables", severity=severity,
                next=f"Make {a.to} with a view for each table of {a.schema}; move the tables and drop the views in contract.",
            )
        elif isinstance(a, RenameTable) and a.moved and not at.ours:
            name = a.table.rpartition(".")[2]
            yield Hit(
                what=f"{a.table} moves to the schema {a.to}: the version that runs does not find it", table=a.table, severity=severity,
                next=execute(f"CREATE VIEW {a.to}.{name} WITH (security_invoker = true) AS TABLE {a.table}")
                + "  # and SET SCHEMA in contract, or let `bgmigrate plan` write both",
            )
