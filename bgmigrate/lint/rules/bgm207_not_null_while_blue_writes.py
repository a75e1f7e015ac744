"""NOT NULL refuses what the version that runs may write."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import SetDefault, SetNotNull
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class NotNullWhileBlueWrites(Rule):
    """SET NOT NULL in expand, and CHECK (column IS NOT NULL), NOT VALID or not."""

    code = "BGM207"
    name = "not-null-while-blue-writes"
    danger = "An INSERT of the version that runs that leaves the column out, or writes NULL, fails (23502, 23514)."
    reason = "A constraint binds every writer from the instant it is there; NOT VALID spares the old rows only."
    unsafe = """\
op.begin_expand("1234")
op.alter_column("orders", "total", nullable=False)"""
    safe = """\
op.begin_expand("1234")
op.alter_column("orders", "total", server_default="0")"""
    phase = "expand"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """In expand, on a column of a table in use."""
        a = at.action
        if within.phase != "expand" or at.ours or not isinstance(a, SetNotNull) or within.new(a.table, at):
            return
        filled = any(isinstance(s.action, SetDefault) and (s.action.table, s.action.column) == (a.table, a.column) for s in within.before(at))
        if filled or (at.column and not at.column.nullable):
            return
        yield Hit(
            what=f"{a.table}.{a.column} refuses NULL while a version runs that may write it", table=a.table, column=a.column,
            next=f"Make {a.column} nullable=False in the model and run `bgmigrate plan -m {a.column}`: a value takes the place of NULLs, and NOT "
                 f"NULL comes "
                 "in contract.",
        )
