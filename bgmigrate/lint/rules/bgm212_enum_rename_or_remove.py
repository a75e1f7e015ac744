"""A renamed enum value is unknown to the version that runs."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import RenameEnumValue
from bgmigrate.lint.rule import Breaking, Hit
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class EnumRename(Breaking):
    """ALTER TYPE … RENAME VALUE."""

    code = "BGM212"
    name = "enum-rename-or-remove"
    danger = "The version that runs writes the old label, which fails (22P02), and reads the new one, which it cannot load."
    reason = "Every row changes its label at once, and a label has one name."
    unsafe = """op.execute("ALTER TYPE mood RENAME VALUE 'calm' TO 'serene'")"""
    safe = """\
with op.get_context().autocommit_block():
    op.execute("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'serene'")"""

    def breaks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Any rename."""
        a = at.action
        if isinstance(a, RenameEnumValue):
            yield Hit(
                what=f"{a.value!r} of {a.type} becomes {a.to!r} for the version that runs, too", severity="error" if within.traffic else None,
                next=execute(f"ALTER TYPE {a.type} ADD VALUE IF NOT EXISTS '{a.to}'")
                + f"  # in an autocommit block; let both versions read both, then write {a.to!r}, and rewrite the rows in batches",
            )
