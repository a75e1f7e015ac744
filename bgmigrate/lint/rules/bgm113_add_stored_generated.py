"""A stored generated column makes ADD COLUMN write the table anew."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement


class AddStoredGenerated(StrongLock):
    """ADD COLUMN … GENERATED ALWAYS AS (…) STORED."""

    code = "BGM113"
    name = "add-stored-generated"
    danger = "Nobody reads or writes the table while it and all of its indexes are written anew."
    reason = ("Its value is computed for each row, under ACCESS EXCLUSIVE. A VIRTUAL column (18+) writes nothing; a plain one that a trigger "
              "computes, either.")
    unsafe = 'op.add_column("orders", sa.Column("gross", sa.Integer(), sa.Computed("net + tax", persisted=True)))'
    safe = 'op.add_column("orders", sa.Column("gross", sa.Integer(), sa.Computed("net + tax", persisted=False)))'

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """On a table in use."""
        a = at.action
        if isinstance(a, AddColumn) and a.column.generated == "stored":
            yield Hit(
                what=f"{a.column.name} is computed in every row of {a.table} while nobody can read or write", table=a.table, column=a.column.name,
                next=f"Declare {a.column.name} in the model with sa.Computed(…, persisted=True) and run `bgmigrate plan -m {a.column.name}`: it is "
                     f"computed "
                     "by a trigger and in short batches. On PostgreSQL 18 and newer: persisted=False.",
            )
