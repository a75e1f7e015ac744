"""A view reads what is to change."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AlterType, DropColumn, DropTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class DependentView(Rule):
    """DROP COLUMN, ALTER TYPE or DROP TABLE of what a view reads that a revision has made."""

    code = "BGM215"
    name = "dependent-view"
    severity = "error"
    danger = "The statement fails, and with it the migration (0A000, 2BP01)."
    reason = "PostgreSQL neither changes a view's columns nor drops them unless it is told to CASCADE. Replacing the view locks the view only."
    unsafe = """\
op.execute("CREATE VIEW open_orders AS SELECT id, note FROM orders")
op.alter_column("orders", "note", existing_type=sa.String(40), type_=sa.Text())"""
    safe = """\
op.execute("CREATE VIEW open_orders AS SELECT id FROM orders")
op.alter_column("orders", "note", existing_type=sa.String(40), type_=sa.Text())"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Each statement once, with all views. bgmigrate's own operations look at the catalog first."""
        a, views = at.action, at.around.views
        if at.ours or not views or not isinstance(a, (DropColumn, AlterType, DropTable)) or (isinstance(a, DropTable) and a.cascade):
            return
        of = a.table if isinstance(a, DropTable) else f"{a.table}.{a.column}"
        yield Hit(
            what=f"{', '.join(views)} read{'s' if len(views) == 1 else ''} {of}: PostgreSQL refuses the statement", table=a.table,
            column=None if isinstance(a, DropTable) else a.column,
            next="\n".join((
                *(execute(f"DROP VIEW {v}") + "  # in the same transaction" for v in views), "# then this statement, and",
                *(execute(f"CREATE VIEW {v} AS …") for v in views),
            )),
        )
