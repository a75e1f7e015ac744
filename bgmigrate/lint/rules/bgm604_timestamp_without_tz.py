"""What instant a value means depends on whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn, Column, CreateTable
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.types import parts


class TimestampWithoutTz(Rule):
    """A new column of type timestamp without time zone."""

    code = "BGM604"
    name = "timestamp-without-tz"
    severity = "info"
    danger = "What instant a value means depends on whoever wrote it."
    reason = "timestamp keeps the clock face and drops the offset; timestamptz keeps the instant, in the same eight bytes."
    unsafe = 'op.add_column("users", sa.Column("seen", sa.DateTime()))'
    safe = 'op.add_column("users", sa.Column("seen", sa.DateTime(timezone=True)))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """One for a statement, with all of its columns."""
        a = at.action
        if at.ours or not isinstance(a, (AddColumn, CreateTable)):
            return
        found = [c.name for c in ((a.column,) if isinstance(a, AddColumn) else a.columns) if _is(c)]
        if found:
            yield Hit(
                what=f"{a.table}.{', '.join(found)} has no time zone", table=a.table, column=found[0] if len(found) == 1 else None,
                next="sa.DateTime(timezone=True)",
            )


def _is(column: Column) -> bool:
    return parts(column.type)[0] == "timestamp without time zone"
