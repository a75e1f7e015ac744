"""Which value a row gets depends on the moment it is written."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import SetDefault
from bgmigrate.lint.rule import Breaking, Hit
from bgmigrate.lint.statement import Reading, Statement


class ChangeDefault(Breaking):
    """SET DEFAULT, DROP DEFAULT of a column that was there, outside of contract."""

    code = "BGM209"
    name = "change-default"
    severity = "info"
    danger = "The version that runs leaves the column out of its INSERTs and gets the new version's value; without a default, NULL or an error."
    reason = "A default is the server's, and both versions share it. A version that names its value in the INSERT is safe from it."
    unsafe = 'op.alter_column("orders", "state", server_default="draft")'
    safe = """\
op.add_column("orders", sa.Column("state", sa.Text()))
op.alter_column("orders", "state", server_default="draft")"""

    def breaks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """A default that goes from a column that must have a value: a warning anywhere, in expand so is every change."""
        a = at.action
        if not isinstance(a, SetDefault) or at.ours or within.added(a.table, a.column, at):
            return
        had = at.column.default if at.column else None
        if at.column and had == a.default:
            return
        required = a.default is None and at.column is not None and not at.column.nullable and had is not None
        becomes = f"DEFAULT {a.default}" if a.default is not None else "no default"
        yield Hit(
            what=f"{a.table}.{a.column} gets {becomes} for the version that runs, too"
                 + (": its INSERTs that leave the column out fail (23502)" if required else ""),
            table=a.table, column=a.column, severity="warning" if within.traffic or required else None,
            next=f"Change the default in the model and run `bgmigrate plan -m {a.column}`: it looks whether the version that runs relies on it, "
                 "and leaves the change to contract where it does.",
        )
