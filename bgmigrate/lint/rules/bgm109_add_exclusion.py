"""ADD EXCLUDE has no concurrent form."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import AddConstraint
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement


class AddExclusion(StrongLock):
    """ADD CONSTRAINT … EXCLUDE."""

    code = "BGM109"
    name = "add-exclusion"
    danger = "Nobody reads or writes the table while its index is built and every row is compared."
    reason = "It takes ACCESS EXCLUSIVE for a build and a scan, and PostgreSQL has no CONCURRENTLY and no NOT VALID for it."
    unsafe = 'op.execute("ALTER TABLE bookings ADD CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&)")'
    safe = """\
op.create_table("bookings", sa.Column("room", sa.Integer()), sa.Column("during", postgresql.TSRANGE()))
op.execute("ALTER TABLE bookings ADD CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&)")"""

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """On a table in use."""
        a = at.action
        if isinstance(a, AddConstraint) and a.kind == "exclude":
            yield Hit(
                what=f"{a.name or 'the exclusion constraint'} is built while nobody can read or write {a.table}", table=a.table,
                next=f'Where {a.table} is small, say so: small_tables = ["{a.table}"] in [tool.bgmigrate.lint]. Else put the constraint on a new '
                     f'table, '
                     "and move the rows there: `bgmigrate plan` says how.",
            )
