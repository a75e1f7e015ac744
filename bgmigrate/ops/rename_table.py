"""A table under another name: first shown under it by a view, then called so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bgmigrate.naming import index_key, split
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.rename_constraints import renames
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, load

VIEW = "SELECT 1 FROM pg_class WHERE oid = to_regclass(%s) AND relkind = 'v'"
SEQUENCES = (
    "SELECT s.relname FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'"
    " WHERE d.classid = 'pg_class'::regclass AND d.refobjid = to_regclass(%s) AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') ORDER BY 1"
)
NOT_NULLS = "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'n' ORDER BY 1"


@operation("show_table")
@dataclass
class ShowTable(Step):
    """CREATE VIEW: the table's rows under another name, with the table's grants, for reads and writes alike. ACCESS SHARE on the table.

    The view is simple, so PostgreSQL passes INSERT, UPDATE, DELETE, RETURNING and ON CONFLICT (column) through; `security_invoker`: with the
    rights and row security of whoever uses it (PostgreSQL documentation, CREATE VIEW, Updatable Views). COPY FROM, TRUNCATE, foreign keys to
    it and ON CONFLICT ON CONSTRAINT do not work before contract.
    """

    table: str
    view: str
    columns: list[str]

    def run(self, on: Runtime) -> None:
        if on.has(VIEW, compose("{t:t}", t=self.view)):
            return
        grants = [r[0] for r in on.fetch(load("table_grants", table=compose("{t:t}", t=self.table), view=compose("{v:t}", v=self.view)))]
        on.strong(
            [self.table],
            compose("CREATE VIEW {v:t} WITH (security_invoker = true) AS SELECT {c:i} FROM {t:t}", v=self.view, c=self.columns, t=self.table),
            *grants,
        )

    def undo(self) -> Step:
        return HideTable(self.view)


@operation("hide_table")
@dataclass
class HideTable(Step):
    """DROP VIEW: the table is no longer shown under another name."""

    view: str

    def run(self, on: Runtime) -> None:
        if on.offline or on.has(VIEW, compose("{t:t}", t=self.view)):
            on.strong([], compose("DROP VIEW IF EXISTS {v:t}", v=self.view))


@operation("follow_table")
@dataclass
class FollowTable(Step):
    """Leave a table alone that a killed run has renamed already: its name is the last thing that changes, so nothing else is left to do."""

    table: str
    to: str

    def run(self, on: Runtime) -> None:
        if not on.offline and not on.exists(self.table) and not on.has(VIEW, compose("{t:t}", t=self.to)) and on.exists(self.to):
            on.renamed.add(self.table)


@operation("finish_rename_table")
@dataclass
class RenameTable(Step):
    """Drop the view and give the table its name, in one transaction with the sequences, constraints and indexes that carried the old one.

    ACCESS EXCLUSIVE for an instant.
    """

    table: str
    to: str
    constraints: dict[str, str] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)

    def removes(self) -> Iterable[tuple[str, str | None]]:
        """The old name: the view shows the new one meanwhile."""
        return [(self.table, None)]

    def run(self, on: Runtime) -> None:
        if not on.exists(self.table):
            return
        (schema, old), (target, new) = split(self.table), split(self.to)
        here = compose("{t:t}", t=self.table)
        within = target or "public"
        on.strong(
            [self.table],
            *([compose("DROP VIEW IF EXISTS {v:t}", v=self.to)] if on.offline or on.has(VIEW, compose("{t:t}", t=self.to)) else []),
            *renames(on, self.table, self.constraints | _carried(on, NOT_NULLS, here, old, new)),
            *(compose("ALTER INDEX IF EXISTS {a:t} RENAME TO {b:i}", a=index_key(self.table, a), b=b) for a, b in self.indexes.items()),
            *(compose("ALTER SEQUENCE {a:t} RENAME TO {b:i}", a=index_key(self.table, a), b=b)
              for a, b in _carried(on, SEQUENCES, here, old, new).items()),
            *([compose("ALTER TABLE {t:t} SET SCHEMA {s:i}", t=self.table, s=within)] if schema != target else []),
            *([compose("ALTER TABLE {t:t} RENAME TO {n:i}", t=index_key(f"{within}.x", old), n=new)] if old != new else []),
        )


def _carried(on: Runtime, query: str, table: str, old: str, new: str) -> dict[str, str]:
    """Names that PostgreSQL made of the table's, as it would make them of the new one; none where only the schema is another."""
    if old == new:
        return {}
    return {r[0]: new + r[0].removeprefix(old) for r in on.fetch(query, table) if r[0].startswith(f"{old}_")}
