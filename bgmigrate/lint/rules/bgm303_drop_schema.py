"""What the schema holds is gone, and no rollback brings it back."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropSchema
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class DestroySchema(Rule):
    """DROP SCHEMA in expand."""

    code = "BGM303"
    name = "drop-schema"
    severity = "error"
    danger = "What the schema holds is gone, and no rollback brings it back."
    reason = "Expand must be possible to take back; what destroys belongs to contract."
    unsafe = 'op.execute("DROP SCHEMA archive CASCADE")'
    safe = 'op.execute("CREATE SCHEMA archive")'
    phase = "expand"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Of what was there before the revision."""
        a = at.action
        if within.phase == "expand" and isinstance(a, DropSchema):
            yield Hit(
                what=f"{a.schema} and all that is in it are gone for good",
                next="Move it to the contract revision, behind op.begin_contract(revision).",
            )
