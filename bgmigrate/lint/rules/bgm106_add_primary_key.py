"""ADD PRIMARY KEY builds its index, and looks for NULLs, under the strongest lock."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddConstraint, CreateIndex
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import create_index, execute


class AddPrimaryKey(StrongLock):
    """ADD PRIMARY KEY, or USING INDEX over a column that may be NULL."""

    code = "BGM106"
    name = "add-primary-key"
    danger = "Nobody reads or writes the table until it is scanned for NULLs and its index is built."
    reason = ("It takes ACCESS EXCLUSIVE. With NOT NULL columns and an index that was built CONCURRENTLY, USING INDEX neither builds nor scans; "
              "over a nullable column even USING INDEX scans.")
    unsafe = 'op.create_primary_key("pk_orders", "orders", ["id"])'
    safe = """\
op.create_check_constraint("orders_id_set", "orders", "id IS NOT NULL", postgresql_not_valid=True)
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT orders_id_set")
op.alter_column("orders", "id", nullable=False)
with op.get_context().autocommit_block():
    op.create_index("pk_orders", "orders", ["id"], unique=True, postgresql_concurrently=True)
op.execute("ALTER TABLE orders ADD CONSTRAINT pk_orders PRIMARY KEY USING INDEX pk_orders")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A key that is built or checked under the lock."""
        a = at.action
        if not isinstance(a, AddConstraint) or a.kind != "primary key" or (a.index and not at.around.nullable):
            return
        name = a.name or f"pk_{a.table.rpartition('.')[2]}"
        built = create_index(CreateIndex(table=a.table, name=name, columns=a.columns, unique=True))
        adopted = execute(f"ALTER TABLE {a.table} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {a.index or name}")
        if a.index:
            yield Hit(
                what=f"every row of {a.table} is looked at for a NULL while nobody can read or write it, for a column of {a.index} may be NULL",
                table=a.table, next=f"# before it, each column of {a.index} NOT NULL as BGM110 has it; then\n{adopted}",
            )
            return
        yield Hit(
            what=f"the primary key {name} is built while nobody can read or write {a.table}", table=a.table,
            next=f"{apart(built)}\n{adopted}\n# before it, each column NOT NULL as BGM110 has it",
        )
