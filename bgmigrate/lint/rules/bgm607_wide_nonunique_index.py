"""An index of many columns that no query needs all of."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateIndex
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class WideIndex(Rule):
    """A non-unique B-tree of more than three columns."""

    code = "BGM607"
    name = "wide-nonunique-index"
    severity = "info"
    danger = "Every write keeps it, and a query is served by its leading columns only."
    reason = "Columns after the first that is searched by a range narrow nothing down; columns that are only to be read belong into INCLUDE."
    unsafe = 'op.create_index("ix_orders_all", "orders", ["a", "b", "c", "d"])'
    safe = 'op.create_index("uq_orders_all", "orders", ["a", "b", "c", "d"], unique=True)'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """One for an index."""
        a = at.action
        if isinstance(a, CreateIndex) and not at.ours and not a.unique and len(a.columns) > 3 and a.method.lower() in ("", "btree"):
            lead = ", ".join(f'"{c}"' for c in a.columns[:3])
            rest = ", ".join(f'"{c}"' for c in a.columns[3:])
            yield Hit(
                what=f"{a.name} of {a.table} has {len(a.columns)} columns", table=a.table,
                next=f"Keep those that queries search by, [{lead}]; put what they only read into postgresql_include=[{rest}].",
            )
