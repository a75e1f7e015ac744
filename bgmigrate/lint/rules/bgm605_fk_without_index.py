"""A foreign key whose columns no index leads with."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn, AddConstraint, CreateIndex, CreateTable
from bgmigrate.lint.rule import Hit, Rule, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import create_index


class ForeignKeyWithoutIndex(Rule):
    """A new foreign key, and nothing in this revision or before it that finds its rows."""

    code = "BGM605"
    name = "fk-without-index"
    severity = "info"
    danger = "Every DELETE, and every UPDATE of a key, in the referenced table reads the whole referencing table."
    reason = "PostgreSQL indexes the referenced side only. An index is of use whose first columns are those of the key."
    unsafe = 'op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"], postgresql_not_valid=True)'
    safe = """\
with op.get_context().autocommit_block():
    op.create_index("ix_orders_user_id", "orders", ["user_id"], postgresql_concurrently=True)
op.create_foreign_key("fk_orders_user", "orders", "users", ["user_id"], ["id"], postgresql_not_valid=True)"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Each key that is there when the revision ends."""
        a = at.action
        if at.ours:
            return
        added = [a] if isinstance(a, AddConstraint) else list(a.constraints) if isinstance(a, CreateTable) else []
        keys = [(k.columns, k.references) for k in added if k.kind == "foreign key"]
        inline = a.columns if isinstance(a, CreateTable) else (a.column,) if isinstance(a, AddColumn) else ()
        keys += [((c.name,), c.references) for c in inline if c.references]
        for columns, references in keys:
            if columns and not _found_by(a.table, columns, within):
                index = CreateIndex(table=a.table, columns=columns)
                yield Hit(
                    what=f"no index of {a.table} finds the rows that refer to a row of {references} ({', '.join(columns)})", table=a.table,
                    column=columns[0] if len(columns) == 1 else None, next=apart(create_index(index)),
                )


def _found_by(table: str, columns: tuple[str, ...], within: Reading) -> bool:
    """When the revision ends; a table or key that does not outlive it needs nothing."""
    after = within.known.copy()
    for s in within.statements:
        after.learn(s.action)
    keys = [k for k in after.keys.get(table, ()) if k.kind == "foreign key" and k.columns == columns]
    if not keys and not any(c.references for c in after.tables.get(table, {}).values()):
        return True
    return any(set(lead[: len(columns)]) == set(columns) for lead in after.searchable(table) if len(lead) >= len(columns))
