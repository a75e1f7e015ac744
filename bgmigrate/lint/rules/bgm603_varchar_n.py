"""A value that is longer fails (22001), and char(n) pads what is shorter."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn, Column, CreateTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import parts


class VarcharN(Rule):
    """A new column of type varchar(n), char(n)."""

    code = "BGM603"
    name = "varchar(n)/char(n)"
    severity = "info"
    danger = "A value that is longer fails (22001), and char(n) pads what is shorter."
    reason = "text has the same cost. A longer varchar is catalog-only, a shorter one a scan; a CHECK can be changed without either."
    unsafe = 'op.add_column("users", sa.Column("nick", sa.String(20)))'
    safe = 'op.add_column("users", sa.Column("nick", sa.Text()))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """One for a statement, with all of its columns."""
        a = at.action
        if at.ours or not isinstance(a, (AddColumn, CreateTable)):
            return
        found = [c.name for c in ((a.column,) if isinstance(a, AddColumn) else a.columns) if _is(c)]
        if found:
            yield Hit(
                what=f"{a.table}.{', '.join(found)} has a length that only a change of type can "
                     f"change", table=a.table, column=found[0] if len(found) == 1 else None,
                next="sa.Text(), and a CHECK on length() where the limit matters",
            )


def _is(column: Column) -> bool:
    kind, size = parts(column.type)
    return (kind in ("character varying", "character") and bool(size))
