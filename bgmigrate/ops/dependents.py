"""What uses a column without being part of its table: views, policies, triggers, rules, publications, extended statistics.

Strong_migrations and squawk do not look; PostgreSQL refuses in the middle of the migration. Ours asks pg_depend before anything changes, and
carries over what PostgreSQL can write down again: dropped and made anew over the successor, in the transaction that drops the old column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.naming import ident
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose, load, template

MOVABLE = ("view", "policy", "trigger", "rule", "publication", "statistics")
WITH_TABLE = ("policy", "trigger", "rule", "publication", "statistics")  # what goes with a table that is dropped


@dataclass(frozen=True, kw_only=True)
class Dependent:
    """One thing that uses the columns; `ours` says whether we may drop it."""

    kind: str
    oid: int
    name: str
    ours: bool

    def __str__(self) -> str:
        return self.name if self.kind in self.name else f"{self.kind} {self.name}"


def dependents(on: Runtime, table: str, columns: Sequence[str]) -> list[Dependent]:
    """What uses these columns of a table (no columns: the table itself), what is used by others of them first."""
    rows = on.fetch(template("dependents"), compose("{t:t}", t=table), *[list(columns)] * 3)
    found = [Dependent(kind=kind, oid=oid, name=name, ours=ours) for kind, oid, _, name, ours in rows]
    return found if columns else [d for d in found if d.kind not in WITH_TABLE]


def carried(on: Runtime, table: str, columns: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Statements that drop what uses these columns, and those that make it anew over the columns that take their places (old: new).

    Raises Refused for what cannot be carried over.
    """
    found = [] if on.offline else dependents(on, table, list(columns))
    if not found:
        return [], []
    RequireMovable(table, list(columns)).check(found)
    # under the names that they are to read, PostgreSQL itself writes their definitions down
    exchanged = [(o, n, f"bgm_marked_{i}") for i, (o, n) in enumerate(columns.items()) if o != n]
    renames = [compose("ALTER TABLE {t:t} RENAME COLUMN {n:i} TO {w:i}", t=table, n=n, w=w) for _, n, w in exchanged]
    renames += [compose("ALTER TABLE {t:t} RENAME COLUMN {o:i} TO {n:i}", t=table, o=o, n=n) for o, n, _ in exchanged]

    def look(c: Connection) -> list[list[str]]:
        return [[r[0] for r in c.execute(load(f"carry_{d.kind}", oid=d.oid).encode()).fetchall()] for d in found]

    def named(statement: str) -> str:
        """What used the new column already is to go on with it: the mark that it bore meanwhile is a word of ours."""
        for _, new, mark in exchanged:
            statement = statement.replace(mark, ident(new))
        return statement

    made = [[named(s) for s in statements] for statements in on.tried([table], renames, look)]
    return [statements[0] for statements in reversed(made)], [s for statements in made for s in statements[1:]]


@operation("require_movable")
@dataclass
class RequireMovable(Step):
    """Refuse, naming them, while views, functions and the like use columns and cannot be carried over. Reads the catalogs; locks nothing.

    `gone`: nothing takes the columns' places (of a table without columns named: the table's), so that nothing can be carried over.
    """

    may_refuse: ClassVar[bool] = True
    looks: ClassVar[bool] = True
    settles: ClassVar[bool] = True

    table: str
    columns: list[str] = field(default_factory=list)
    gone: bool = False

    def run(self, on: Runtime) -> None:
        if not on.offline:
            self.check(dependents(on, self.table, self.columns))

    def check(self, found: Sequence[Dependent]) -> None:
        """Raise Refused for those of them that stay behind."""
        stuck = [d for d in found if (self.gone and d.kind != "statistics") or d.kind not in MOVABLE or not d.ours]
        if not stuck:
            return
        what = ", ".join(f"{self.table}.{c}" for c in self.columns) or self.table
        raise Refused(
            f"{what} {'is' if len(self.columns) < 2 else 'are'} used by {', '.join(map(str, stuck))}",
            why="PostgreSQL does not drop what something else uses, and " + (
                "nothing takes its place." if self.gone else "these cannot be made anew over the new column without emptying or rewriting them."
            ) + " Nothing was changed.",
            next=f"Drop them, or let them do without {what}, in a migration before this release; then run the same command again.",
            findings=[
                Finding(
                    code="BGM215", table=self.table, column=next(iter(self.columns), None), what=f"{d} uses {what}",
                    why="It would fail or read something else when the column is dropped.", next=f"Drop or change {d} first.",
                )
                for d in stuck
            ],
        )

    def merge(self, other: Step) -> RequireMovable | None:
        if isinstance(other, RequireMovable) and (other.table, other.gone) == (self.table, self.gone) and self.columns and other.columns:
            return RequireMovable(self.table, self.columns + [c for c in other.columns if c not in self.columns], self.gone)
        return None
