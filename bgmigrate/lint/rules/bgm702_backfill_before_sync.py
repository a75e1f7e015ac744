"""Rows that are written while nobody keeps the new column in step."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class BackfillBeforeSync(Rule):
    """op.backfill before op.synchronize_columns of the same table."""

    code = "BGM702"
    name = "backfill-before-sync"
    severity = "error"
    danger = "What the version that runs writes between the two has no value in the new column, for good."
    reason = "A backfill goes over the rows once. From the trigger's commit on every write is followed, so that the trigger must come first."
    unsafe = """\
op.begin_expand("1234")
op.backfill("users", missing={"full_name": "name"})
op.synchronize_columns("users", "bgm_sync", add={"full_name": "text"}, forward={"full_name": "name"}, backward={"name": "full_name"})"""
    safe = """\
op.begin_expand("1234")
op.synchronize_columns("users", "bgm_sync", add={"full_name": "text"}, forward={"full_name": "name"}, backward={"name": "full_name"})
op.backfill("users", missing={"full_name": "name"})"""
    phase = "expand"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """At the trigger, which comes too late."""
        a = at.action
        if not at.ours or at.verb != "synchronize_columns":
            return
        early = next((s for s in within.before(at) if s.verb == "backfill" and s.action.table == a.table), None)
        if early is not None:
            yield Hit(
                what=f"{a.table} is backfilled on line {early.line}, before its trigger is there", table=a.table,
                next=f"Move op.synchronize_columns(\"{a.table}\", …) before op.backfill(\"{a.table}\", …).",
            )
