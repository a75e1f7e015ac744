"""A type whose values cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateType
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class NewEnum(Rule):
    """CREATE TYPE … AS ENUM."""

    code = "BGM611"
    name = "new-enum"
    severity = "info"
    danger = "A label cannot be removed, and a version that does not know a new one fails where it reads it."
    reason = "Removing or reordering labels takes a new type and every row written anew. A text column with a CHECK changes its values in place."
    unsafe = "op.execute(\"CREATE TYPE mood AS ENUM ('glad', 'sad')\")"
    safe = 'op.create_table("users", sa.Column("mood", sa.Text(), sa.CheckConstraint("mood IN (\'glad\', \'sad\')")))'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Each."""
        a = at.action
        if isinstance(a, CreateType) and a.labels and not at.ours:
            labels = ", ".join(f"'{label}'" for label in a.labels)
            yield Hit(
                what=f"{a.name} is an enumerated type of {len(a.labels)} labels",
                next=f"sa.Enum(…, native_enum=False, create_constraint=True), or sa.Text() and CHECK (… IN ({labels}))",
            )
