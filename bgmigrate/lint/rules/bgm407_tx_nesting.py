"""A revision that commits by itself."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import Transact
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class TransactionNesting(Rule):
    """BEGIN, COMMIT or ROLLBACK executed by a revision."""

    code = "BGM407"
    name = "tx-nesting"
    danger = "A failure after it leaves half of the revision done, and the version that is recorded is not the schema that is there."
    reason = "Alembic has begun a transaction and does not know that it has ended; psycopg 3 begins another before the next statement."
    unsafe = 'op.execute("COMMIT")'
    safe = """\
with op.get_context().autocommit_block():
    op.execute("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm'")"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Any of them."""
        if isinstance(at.action, Transact):
            yield Hit(
                what=f"{at.action.verb} inside the transaction that Alembic has begun",
                next="with op.get_context().autocommit_block():\n    …  # what must run outside of a transaction",
            )
