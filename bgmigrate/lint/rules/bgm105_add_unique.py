"""ADD UNIQUE builds its index under the strongest lock."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddConstraint, CreateIndex
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import create_index, execute


class AddUnique(StrongLock):
    """ADD CONSTRAINT … UNIQUE without USING INDEX."""

    code = "BGM105"
    name = "add-unique"
    danger = "Nobody reads or writes the table until its unique index is built; duplicates fail the migration."
    reason = "It takes ACCESS EXCLUSIVE, scans and builds. An index that was built CONCURRENTLY is adopted without a scan (USING INDEX)."
    unsafe = 'op.create_unique_constraint("uq_orders_number", "orders", ["number"])'
    safe = """\
with op.get_context().autocommit_block():
    op.create_index("uq_orders_number", "orders", ["number"], unique=True, postgresql_concurrently=True)
op.execute("ALTER TABLE orders ADD CONSTRAINT uq_orders_number UNIQUE USING INDEX uq_orders_number")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A constraint that brings no index with it."""
        a = at.action
        if not isinstance(a, AddConstraint) or a.kind != "unique" or a.index:
            return
        name = a.name or f"uq_{a.table.rpartition('.')[2]}_{'_'.join(a.columns)}"
        built = create_index(CreateIndex(table=a.table, name=name, columns=a.columns, unique=True))
        adopted = execute(f"ALTER TABLE {a.table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")
        yield Hit(what=f"{name} is built while nobody can read or write {a.table}", next=f"{apart(built)}\n{adopted}", table=a.table)
