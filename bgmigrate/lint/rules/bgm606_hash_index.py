"""A hash index can do less than a B-tree."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateIndex
from bgmigrate.lint.rule import Hit, Rule, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import create_index


class HashIndex(Rule):
    """CREATE INDEX … USING hash."""

    code = "BGM606"
    name = "hash-index"
    severity = "info"
    danger = "It serves equality only: no order, no range, no unique key, one column."
    reason = "It is WAL-logged since 10, and smaller than a B-tree for long values; else a B-tree does all that it does."
    unsafe = 'op.create_index("ix_users_token", "users", ["token"], postgresql_using="hash")'
    safe = """\
with op.get_context().autocommit_block():
    op.create_index("ix_users_token", "users", ["token"], postgresql_concurrently=True)"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Any."""
        a = at.action
        if isinstance(a, CreateIndex) and not at.ours and a.method.lower() == "hash":
            better = CreateIndex(table=a.table, name=a.name, columns=a.columns, predicate=a.predicate)
            yield Hit(what=f"{a.name} of {a.table} is a hash index", table=a.table, next=apart(create_index(better)))
