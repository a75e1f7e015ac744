"""A new enum value cannot be used in the transaction that adds it."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Action, AddColumn, AddConstraint, AddEnumValue, Change, SetDefault
from bgmigrate.lint.rule import Hit, Rule, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class EnumAddValue(Rule):
    """ALTER TYPE … ADD VALUE, and the value used before the commit."""

    code = "BGM211"
    name = "enum-add-value"
    severity = "error"
    danger = "The statement that uses the value fails with 55P04, unsafe use of new value; before 12, ADD VALUE itself fails in a transaction."
    reason = ("Other transactions must not meet a label that may yet be rolled back. The version that runs does not know the label either: do not "
              "write it before it is gone.")
    unsafe = """\
op.execute("ALTER TYPE mood ADD VALUE 'calm'")
op.execute("UPDATE users SET mood = 'calm' WHERE mood IS NULL")"""
    safe = """\
with op.get_context().autocommit_block():
    op.execute("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm'")
op.execute("UPDATE users SET mood = 'calm' WHERE mood IS NULL")"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A use in the same transaction."""
        used = _literals(at.action)
        if not used:
            return
        for s in within.same_transaction(at):
            a = s.action
            if isinstance(a, AddEnumValue) and a.value in used:
                added = execute(f"ALTER TYPE {a.type} ADD VALUE IF NOT EXISTS '{a.value}'")
                yield Hit(
                    what=f"{a.value!r} of {a.type} is used in the transaction that adds it (line {s.line})", table=at.action.table or None,
                    next=f"{apart(added)}\n# in place of line {s.line}",
                )


def _literals(action: Action) -> set[str]:
    match action:
        case Change():
            return set(action.uses)
        case SetDefault():
            text = action.default or ""
        case AddColumn():
            text = action.column.default or ""
        case AddConstraint():
            text = action.text
        case _:
            return set()
    return set(text.split("'")[1::2])
