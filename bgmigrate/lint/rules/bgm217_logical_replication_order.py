"""A published table changes, and the subscriber does not hear of it."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn, AlterType, DropColumn, RenameColumn, RenameTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class LogicalReplicationOrder(Rule):
    """Columns that come, go, or change their name or type, of a table that a revision has published."""

    code = "BGM217"
    name = "logical-replication-order"
    danger = "The subscriber's apply worker stops at the first row that does not fit, and the publisher keeps WAL until the disk is full."
    reason = "Logical replication carries rows, not DDL. A subscriber may have more columns than are published, never fewer."
    unsafe = """\
op.execute("CREATE PUBLICATION feed FOR TABLE orders")
op.add_column("orders", sa.Column("note", sa.Text()))"""
    safe = """\
op.execute("CREATE PUBLICATION feed FOR TABLE orders")
op.add_column("users", sa.Column("note", sa.Text()))"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Of a publication that revisions tell of; one that was made elsewhere nobody can see from here."""
        a = at.action
        if not at.around.published or not isinstance(a, (AddColumn, AlterType, DropColumn, RenameColumn, RenameTable)) or within.new(a.table, at):
            return
        first = "publisher, and on each subscriber after it" if isinstance(a, DropColumn) else "subscribers, and on the publisher after them"
        yield Hit(
            what=f"{a.table} is published, and its subscribers do not follow DDL", table=a.table,
            next=f"Do the same on the {first}; then ALTER SUBSCRIPTION … REFRESH PUBLICATION where a table came or went.",
        )
