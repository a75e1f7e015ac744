"""A column of a domain that has a constraint makes ADD COLUMN write the table anew."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddColumn, ConstrainDomain
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import execute


class AddConstrainedDomainColumn(StrongLock):
    """ADD COLUMN of a domain of which this revision or an earlier one says that it has a constraint."""

    code = "BGM114"
    name = "add-constrained-domain-column"
    danger = "Nobody reads or writes the table while it and all of its indexes are written anew."
    reason = "Under ACCESS EXCLUSIVE, and even where the column is nullable and has no default: the constraint is asked for each row's NULL."
    unsafe = """\
op.execute("CREATE DOMAIN age AS integer CHECK (value >= 0)")
op.execute("ALTER TABLE users ADD COLUMN age age")"""
    safe = """\
op.execute("ALTER TABLE users ADD COLUMN age integer")
op.execute("ALTER TABLE users ADD CONSTRAINT users_age CHECK (age >= 0) NOT VALID")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """On a table in use."""
        a = at.action
        if not isinstance(a, AddColumn):
            return
        here = {s.action.name.lower() for s in within.before(at) if isinstance(s.action, ConstrainDomain)}
        if a.column.type.lower() in here | within.known.domains:
            name = f"{a.table.rpartition('.')[2]}_{a.column.name}"
            yield Hit(
                what=f"{a.column.name} of the domain {a.column.type} writes {a.table} anew", table=a.table, column=a.column.name,
                next="\n".join((
                    execute(f"ALTER TABLE {a.table} ADD COLUMN {a.column.name} …") + f"  # the type that {a.column.type} is made of",
                    execute(f"ALTER TABLE {a.table} ADD CONSTRAINT {name} CHECK (…) NOT VALID") + "  # what the domain asks; then VALIDATE (BGM107)",
                )),
            )
