"""A default that is drawn for each row makes ADD COLUMN write the table anew."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.volatile import volatile
from bgmigrate.lint.write import call, execute


class AddColumnVolatileDefault(StrongLock):
    """ADD COLUMN … DEFAULT with a volatile function."""

    code = "BGM111"
    name = "add-column-volatile-default"
    danger = "Nobody reads or writes the table while it and all of its indexes are written anew."
    reason = ("A volatile default (random(), clock_timestamp(), gen_random_uuid()) has a value of its own in each row. Constants and now() are "
    "stored once, "
              "in the catalog (11+).")
    unsafe = 'op.add_column("orders", sa.Column("token", sa.Uuid(), server_default=sa.text("gen_random_uuid()")))'
    safe = """\
op.add_column("orders", sa.Column("token", sa.Uuid()))
op.alter_column("orders", "token", server_default=sa.text("gen_random_uuid()"))"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Volatile for certain: an error; a function of which nothing is known: a warning."""
        a = at.action
        if not isinstance(a, AddColumn) or a.column.numbers_itself or (kind := volatile(a.column.default)) == "no":
            return
        said = "writes" if kind == "yes" else "may write (unless its function is declared STABLE or IMMUTABLE)"
        yield Hit(
            what=f"DEFAULT {a.column.default} {said} {a.table} "
                 f"anew", severity=None if kind == "yes" else "warning", table=a.table, column=a.column.name,
            next="\n".join((
                execute(f"ALTER TABLE {a.table} ADD COLUMN {a.column.name} {a.column.type.lower()}"),
                execute(f"ALTER TABLE {a.table} ALTER COLUMN {a.column.name} SET DEFAULT {a.column.default}"),
                call("backfill", a.table, missing={a.column.name: a.column.default}) + "  # of bgmigrate.revisions: in short batches",
            )),
        )
