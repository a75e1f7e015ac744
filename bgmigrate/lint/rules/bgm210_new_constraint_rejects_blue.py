"""A rule that the version that runs has never heard of."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddConstraint, CreateIndex, DropConstraint
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class NewConstraintRejectsBlue(Rule):
    """A constraint or a unique index, in expand, over columns that the version that runs writes."""

    code = "BGM210"
    name = "new-constraint-rejects-blue"
    danger = "Writes of the version that runs begin to fail, NOT VALID or not: it binds every writer from the instant it is there."
    reason = "Whether that version obeys it can only be measured. `bgmigrate plan` puts a constraint into contract unless it is known to."
    unsafe = """\
op.begin_expand("1234")
op.create_check_constraint("ck_orders_total", "orders", "total >= 0", postgresql_not_valid=True)"""
    safe = """\
op.begin_expand("1234")
op.add_columns("orders", {"net": "integer"})
op.create_foreign_key("fk_orders_net", "orders", "nets", ["net"], ["id"], postgresql_not_valid=True)"""
    phase = "expand"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Not of a constraint that takes the place of one, nor over new columns alone, nor of one that adopts its index."""
        a = at.action
        if within.phase != "expand" or at.ours or not a.table or within.new(a.table, at):
            return
        if isinstance(a, AddConstraint):
            if a.index or a.kind == "not null" or any(
                isinstance(s.action, DropConstraint) and (s.action.table, s.action.name) == (a.table, a.name) for s in within.before(at)
            ):
                return
            columns, kind = a.columns, f"{a.kind} constraint".strip()
        elif isinstance(a, CreateIndex) and a.unique:
            columns, kind = a.columns, "unique index"
        else:
            return
        if columns and all(within.added(a.table, c, at) for c in columns):
            return
        yield Hit(
            what=f"the new {kind} {a.name or 'without a name'} binds the version that runs, which does not know it", table=a.table,
            next=f"Declare it in the model and run `bgmigrate plan -m {a.name or 'rule'}`: rows that break it are counted, and where nothing is "
                 "known of the version that runs it comes in contract.",
        )
