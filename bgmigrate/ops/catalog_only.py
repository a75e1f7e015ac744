"""Changes that PostgreSQL makes in its catalog alone; that it does so is checked, not assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import COLUMN, column_comment, compile_anew
from bgmigrate.ops.constraints import STATE
from bgmigrate.ops.dependents import carried
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.validate import ValidateConstraint
from bgmigrate.sql import compose, load

CONSTRAINT_COMMENT = "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s"


def unmoved(table: str, actions: list[str], *, indexes: bool = True) -> tuple[Callable[[Connection], object], Callable[[Connection, object], None]]:
    """What looks before and after a transaction whether the table's rows lie where they lay, and its `indexes`. It raises Refused if not."""

    def place(c: Connection) -> object:
        found = c.execute(load("filenodes", table=compose("{t:t}", t=table)).encode()).fetchone()
        return found if indexes or found is None else found[0]

    def check(c: Connection, before: object) -> None:
        if place(c) != before:
            raise Refused(
                f"ALTER TABLE {table} {', '.join(actions)} would rewrite the table or an index of it",
                why="A rewrite holds ACCESS EXCLUSIVE for as long as it takes: nobody could read or write. It was taken back.",
                next="Make this change with a new column: let the model map a new name with `forward` and `backward`.",
                code="BGM116",
            )

    return place, check


@operation("alter_in_catalog")
@dataclass
class AlterInCatalog(Step):
    """ALTER TABLE with actions that rewrite nothing: ACCESS EXCLUSIVE for an instant. Raises Refused, and changes nothing, if one would rewrite."""

    table: str
    actions: list[str]
    back: list[str] = field(default_factory=list, metadata={"written": False})

    def run(self, on: Runtime) -> None:
        before, after = unmoved(self.table, self.actions)
        on.strong([self.table], compose("ALTER TABLE {t:t} {a:q}", t=self.table, a=self.actions), before=before, after=after)

    def undo(self) -> Step | None:
        return AlterInCatalog(self.table, self.back) if self.back else None

    def merge(self, other: Step) -> AlterInCatalog | None:
        if isinstance(other, AlterInCatalog) and other.table == self.table:
            return AlterInCatalog(self.table, self.actions + other.actions, other.back + self.back)
        return None


@operation("comment_on")
@dataclass
class CommentOn(Step):
    """COMMENT ON the table (key "") and its columns. SHARE UPDATE EXCLUSIVE for an instant: reads and writes go on."""

    table: str
    comments: dict[str, str | None]
    was: dict[str, str | None] = field(default_factory=dict, metadata={"written": False})

    def run(self, on: Runtime) -> None:
        on.strong(
            [self.table],
            *(
                column_comment(self.table, c, m) if c else compose("COMMENT ON TABLE {t:t} IS {m:l}", t=self.table, m=m)
                for c, m in self.comments.items()
            ),
        )

    def undo(self) -> Step:
        return CommentOn(self.table, self.was)

    def merge(self, other: Step) -> CommentOn | None:
        if isinstance(other, CommentOn) and other.table == self.table:
            return CommentOn(self.table, self.comments | other.comments, self.was | other.was)
        return None


@operation("comment_on_constraints")
@dataclass
class CommentOnConstraints(Step):
    """COMMENT ON CONSTRAINT. SHARE UPDATE EXCLUSIVE on the table for an instant: reads and writes go on."""

    table: str
    comments: dict[str, str | None]
    was: dict[str, str | None] = field(default_factory=dict, metadata={"written": False})

    def run(self, on: Runtime) -> None:
        on.strong(
            [self.table],
            *(compose("COMMENT ON CONSTRAINT {n:i} ON {t:t} IS {m:l}", n=n, t=self.table, m=m) for n, m in self.comments.items()),
        )

    def undo(self) -> Step:
        return CommentOnConstraints(self.table, self.was)

    def merge(self, other: Step) -> CommentOnConstraints | None:
        if isinstance(other, CommentOnConstraints) and other.table == self.table:
            return CommentOnConstraints(self.table, self.comments | other.comments, self.was | other.was)
        return None


def _retype(column: str, type_: str, default: str | None) -> list[str]:
    set_default = [] if default is None else [compose("ALTER COLUMN {c:i} SET DEFAULT {d:q}", c=column, d=default)]
    return [compose("ALTER COLUMN {c:i} TYPE {y:q}", c=column, y=type_), *set_default]


@operation("widen_column")
@dataclass
class WidenColumn(Step):
    """ALTER TYPE to a wider type, where PostgreSQL writes and checks no row: ACCESS EXCLUSIVE for an instant.

    `default`: the column's own once more, which PostgreSQL would leave as one of the old type. Views, policies and triggers that use the
    column, which forbid it, are made anew in the same transaction. `checks`: the column's, by name; PostgreSQL would hold the lock while it
    asks every row again, so they stand NOT VALID for a while, bind every write all the same, and are validated afterwards. `indexes`: those
    over an expression or with a predicate, which PostgreSQL builds anew meanwhile; the revision asks first whether the table is small.
    """

    table: str
    column: str
    type: str
    default: str | None = None
    checks: dict[str, str] = field(default_factory=dict)
    indexes: list[str] = field(default_factory=list)

    def run(self, on: Runtime) -> None:
        if on.offline or on.fetch(COLUMN, compose("{t:t}", t=self.table), self.column) != [(self.type,)]:
            self._widen(on)
        for name in self.checks:
            ValidateConstraint(self.table, name).run(on)

    def _widen(self, on: Runtime) -> None:
        gone, anew = carried(on, self.table, {self.column: self.column})
        actions = _retype(self.column, self.type, self.default)
        before, after = unmoved(self.table, actions, indexes=not self.indexes)
        alter = partial(compose, "ALTER TABLE {t:t} {a:q}", t=self.table)
        there = [n for n in self.checks if on.offline or on.fetch(STATE, compose("{t:t}", t=self.table), n) == [(True,)]]
        said = [] if on.offline else [(n, m) for n in there for (m,) in on.fetch(CONSTRAINT_COMMENT, compose("{t:t}", t=self.table), n) if m]
        statements = [
            *gone,
            *([alter(a=[compose("DROP CONSTRAINT {n:i}", n=n) for n in there])] if there else []),
            alter(a=actions),
            *([alter(a=[compose("ADD CONSTRAINT {n:i} {d:q} NOT VALID", n=n, d=self.checks[n]) for n in there])] if there else []),
            *(compose("COMMENT ON CONSTRAINT {n:i} ON {t:t} IS {m:l}", n=n, t=self.table, m=m) for n, m in said),
            *anew, compile_anew(self.table),
        ]
        on.strong([self.table], *statements, before=before, after=after)


@operation("require_fit")
@dataclass
class RequireFit(Step):
    """Refuse, naming them, while there are values that a narrower type would have to cut. Reads the table; locks nothing.

    `fits`: an SQL condition over the table's columns that is true, or NULL, where the value fits.
    """

    may_refuse: ClassVar[bool] = True
    looks: ClassVar[bool] = True

    table: str
    column: str
    type: str
    fits: str

    def run(self, on: Runtime) -> None:
        too_wide = on.fetch(
            compose("SELECT left({c:i}::text, 60), count(*) OVER () FROM {t:t} WHERE NOT ({f:q}) LIMIT 5", c=self.column, t=self.table, f=self.fits)
        )
        if too_wide:
            shown = ", ".join(repr(r[0]) for r in too_wide)
            raise Refused(
                f"{too_wide[0][1]} value(s) of {self.table}.{self.column} do not fit {self.type} any more: {shown}",
                why="The new version wrote them; the narrower type would have to cut them. Nothing was changed.",
                next=f"Shorten or delete these values, then run the same command again: {self.table}.{self.column}.",
                code="BGM917",
            )


@operation("narrow_column")
@dataclass
class NarrowColumn(Step):
    """Take a widened type back by ALTER TYPE, which writes every row under ACCESS EXCLUSIVE.

    Only for columns that cannot be rebuilt beside the old one (part of a primary key, referenced by foreign keys). A transaction in
    REPEATABLE READ that waits for it sees an empty table (PostgreSQL documentation, 13.6 Caveats).
    """

    table: str
    column: str
    type: str
    default: str | None = None

    def run(self, on: Runtime) -> None:
        statement = compose("ALTER TABLE {t:t} {a:q}", t=self.table, a=_retype(self.column, self.type, self.default))
        on.strong([self.table], statement, compile_anew(self.table))
