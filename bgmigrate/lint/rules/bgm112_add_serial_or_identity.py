"""A new column that numbers itself makes ADD COLUMN write the table anew."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class AddSerialOrIdentity(StrongLock):
    """ADD COLUMN … serial, or GENERATED AS IDENTITY."""

    code = "BGM112"
    name = "add-serial-or-identity"
    danger = "Nobody reads or writes the table while it and all of its indexes are written anew."
    reason = "Each row draws a number of its own, under ACCESS EXCLUSIVE. A nullable column whose default draws numbers later is catalog-only."
    unsafe = 'op.execute("ALTER TABLE orders ADD COLUMN number bigserial")'
    safe = """\
op.execute("ALTER TABLE orders ADD COLUMN number bigint")
op.execute("CREATE SEQUENCE orders_number_seq OWNED BY orders.number")
op.execute("ALTER TABLE orders ALTER COLUMN number SET DEFAULT nextval('orders_number_seq')")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """On a table in use."""
        a = at.action
        if isinstance(a, AddColumn) and a.column.numbers_itself:
            kind = "bigint" if "big" in a.column.type.lower() else "integer"
            sequence = f"{a.table}_{a.column.name}_seq"
            yield Hit(
                what=f"{a.column.name} is numbered in every row of {a.table} while nobody can read or write", table=a.table, column=a.column.name,
                next="\n".join((
                    execute(f"ALTER TABLE {a.table} ADD COLUMN {a.column.name} {kind}"),
                    execute(f"CREATE SEQUENCE {sequence} OWNED BY {a.table}.{a.column.name}"),
                    execute(f"ALTER TABLE {a.table} ALTER COLUMN {a.column.name} SET DEFAULT nextval('{sequence}')"),
                    "# then number the rows that are there in short batches; or let `bgmigrate plan` write all of it",
                )),
            )
