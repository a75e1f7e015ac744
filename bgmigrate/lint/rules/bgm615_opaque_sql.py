"""What cannot be read cannot be vouched for."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Opaque
from bgmigrate.lint.parse import NOT_INSTALLED
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class OpaqueSql(Rule):
    """A DO block, SQL that PostgreSQL's parser does not take, code that needs a database, an operation of another library."""

    code = "BGM615"
    name = "opaque-sql"
    severity = "info"
    danger = "Whatever it does is not looked at."
    reason = "Only what is written as operations or as SQL can be read without running it."
    unsafe = 'op.execute("DO $$ BEGIN ALTER TABLE orders ADD UNIQUE (number); END $$")'
    safe = 'op.execute("COMMENT ON TABLE orders IS \'what customers want\'")'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Each."""
        if isinstance(at.action, Opaque):
            install = "pip install 'bgmigrate[lint]'"
            yield Hit(
                what=f"not looked at: {at.action.why}",
                next=install if at.action.why == NOT_INSTALLED else "Read it with the rules in mind, and try it on a copy: `bgmigrate rehearse`, "
                "or a scratch database.",
            )
