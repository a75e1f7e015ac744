"""A constraint that nobody has named."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddConstraint
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class Naming(Rule):
    """ADD CONSTRAINT without a name, on a table in use."""

    code = "BGM613"
    name = "naming"
    severity = "info"
    danger = "A later revision has to guess what it is called, and drops nothing, or another one, where the guess is wrong."
    reason = "PostgreSQL makes a name of table, columns and a suffix, and a number where that is taken; Alembic cannot drop what has no name."
    unsafe = 'op.create_unique_constraint(None, "orders", ["number"])'
    safe = 'op.create_unique_constraint("uq_orders_number", "orders", ["number"])'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A foreign key, a unique constraint, a check."""
        a = at.action
        if not isinstance(a, AddConstraint) or at.ours or a.name or a.kind in ("", "primary key", "not null") or within.new(a.table, at):
            return
        short = {"foreign key": "fk", "unique": "uq", "check": "ck", "exclude": "ex"}[a.kind]
        name = "_".join((short, a.table.rpartition(".")[2], *a.columns))
        yield Hit(
            what=f"a {a.kind} constraint of {a.table} has no name", table=a.table,
            next=f'Name it, "{name}" for one; or give the models a naming convention: MetaData(naming_convention={{"{short}": …}})',
        )
