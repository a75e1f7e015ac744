"""A key that goes in expand is missed by the version that runs."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropConstraint
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.write import call


class DestroyConstraint(Rule):
    """DROP CONSTRAINT of a unique or primary key in expand. A CHECK or foreign key may go there: that only loosens."""

    code = "BGM305"
    name = "drop-constraint"
    danger = "ON CONFLICT of the version that runs fails without its key (42P10), and duplicates may come in that keep it from coming back."
    reason = "A key belongs to the version that relies on it, and goes when that version is gone."
    unsafe = 'op.drop_constraint("uq_users_email", "users", type_="unique")'
    safe = 'op.drop_constraint("ck_users_age", "users", type_="check")'
    phase = "expand"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A key for certain: an error; a constraint of which nothing is known: a warning."""
        a = at.action
        if within.phase != "expand" or at.ours or not isinstance(a, DropConstraint) or within.new(a.table, at):
            return
        kind = within.kind(at)
        if kind in ("check", "foreign key", "exclude") or any(getattr(s.action, "name", "") == a.name and s is not at for s in within.before(at)):
            return
        yield Hit(
            what=f"{a.name} of {a.table} is dropped while a version may run that relies "
                 f"on it", table=a.table, severity="error" if kind else "warning",
            next=f"Move it to the contract revision, behind op.begin_contract(revision): {call('remove_constraint', a.table, a.name)}"
                 + ("" if kind else "\n# where it is a CHECK or a foreign key, say so: type_=\"check\", type_=\"foreignkey\""),
        )
