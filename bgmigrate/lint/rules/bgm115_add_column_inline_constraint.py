"""A constraint inside ADD COLUMN is checked, or built, under the strongest lock."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn, CreateIndex
from bgmigrate.lint.rule import Hit, StrongLock, apart
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import create_index, execute


class AddColumnInlineConstraint(StrongLock):
    """ADD COLUMN … CHECK, UNIQUE or PRIMARY KEY."""

    code = "BGM115"
    name = "add-column-inline-constraint"
    danger = "Nobody reads or writes the table while the constraint is checked in every row, or its index is built."
    reason = "CHECK scans and UNIQUE builds under ADD COLUMN's ACCESS EXCLUSIVE. REFERENCES on a nullable column without a default scans nothing."
    unsafe = 'op.execute("ALTER TABLE orders ADD COLUMN total integer CHECK (total >= 0)")'
    safe = """\
op.execute("ALTER TABLE orders ADD COLUMN total integer")
op.create_check_constraint("ck_orders_total", "orders", "total >= 0", postgresql_not_valid=True)
with op.get_context().autocommit_block():
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT ck_orders_total")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """One hit for a column."""
        a = at.action
        if not isinstance(a, AddColumn):
            return
        c = a.column
        if not (c.check or c.unique or c.primary_key or (c.references and c.default)):
            return
        lines = [execute(f"ALTER TABLE {a.table} ADD COLUMN {c.name} {c.type.lower()}{f' DEFAULT {c.default}' if c.default else ''}")]
        if c.unique:
            name = f"uq_{a.table.rpartition('.')[2]}_{c.name}"
            lines += [apart(create_index(CreateIndex(table=a.table, name=name, columns=(c.name,), unique=True))),
                      execute(f"ALTER TABLE {a.table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")]
        if c.primary_key:
            lines.append(f"# then the primary key as BGM106 has it: {c.name} filled and NOT NULL, its index CONCURRENTLY, and USING INDEX")
        if c.check:
            lines.append("# then the CHECK as BGM107 has it: NOT VALID, and VALIDATE in a transaction of its own")
        if c.references:
            lines.append(f"# then the foreign key to {c.references} as BGM108 has it: NOT VALID, and VALIDATE in a transaction of its own")
        every = (("CHECK", c.check), ("UNIQUE", c.unique), ("PRIMARY KEY", c.primary_key), ("REFERENCES", bool(c.references)))
        kinds = [k for k, has in every if has]
        yield Hit(
            what=f"{' and '.join(kinds)} of the new column {c.name} is carried out while nobody can read or write "
                 f"{a.table}", table=a.table, column=c.name,
            next="\n".join(lines),
        )
