"""A table is dropped to be made again."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateTable, DropTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class DropCreate(Rule):
    """CREATE TABLE of a name that the same revision has dropped."""

    code = "BGM614"
    name = "force/drop-create"
    danger = "Every row is gone, and with the table its grants, its triggers, its policies and the foreign keys that pointed to it."
    reason = "What is made is another table that has the name of the old one. ALTER TABLE keeps what is there."
    unsafe = """\
op.execute("DROP TABLE IF EXISTS settings")
op.create_table("settings", sa.Column("name", sa.Text()))"""
    safe = 'op.create_table("settings_by_name", sa.Column("name", sa.Text()))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Of a table that this revision has not made itself."""
        a = at.action
        if not isinstance(a, CreateTable) or at.ours:
            return
        dropped = next((s for s in within.before(at) if isinstance(s.action, DropTable) and s.action.table == a.table), None)
        if dropped is not None and not within.new(a.table, dropped):
            yield Hit(
                what=f"{a.table} is dropped on line {dropped.line} and made again", table=a.table,
                next=f"ALTER TABLE {a.table} …, step by step; or a new table under another name, filled from the old one.",
            )
