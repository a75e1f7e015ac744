"""What two schemas differ in, as a pool from which the kinds of change take what they understand. What stays is refused by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bgmigrate.catalog import Column, Schema
from bgmigrate.changes.hints import Hints
from bgmigrate.snapshot import Snapshot, SnapshotColumn

Side = Literal["blue", "green"]  # the version that is live, and the one that is to be
What = Literal[
    "table", "column", "type", "not null", "default", "identity", "generated", "collation", "comment", "constraint", "validation", "index",
    "user type", "sequence", "storage parameters", "replica identity", "partitioning", "persistence",
    "tablespace", "access method", "row security", "function", "view", "materialized view", "trigger", "policy", "statistics",
    "constraint comment",
]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not the same: `have` in the schema that the migrations give, `want` in the target's. None where it is absent."""

    what: What
    table: str | None
    name: str  # of the column, constraint, index, type; the table's own key for tables; "" for the table's comment
    have: Any
    want: Any

    def __str__(self) -> str:
        where = f"{self.table}." if self.table and self.name and self.what != "table" else ""
        of = where + (self.name or self.table or "")
        if self.have is None:
            return f"{self.what} {of} is new"
        if self.want is None:
            return f"{self.what} {of} is gone"
        return f"{self.what} of {of} changes from {_text(self.have)} to {_text(self.want)}"


def _text(value: Any) -> str:
    return str(getattr(value, "definition", None) or getattr(value, "labels", None) or value)


@dataclass(frozen=True, kw_only=True)
class Move:
    """A column that gets a successor: `old` in the migrations' schema, `there` beside it until contract, `final` in the target's."""

    table: str
    old: str
    there: str
    final: str
    retyped: str | None = None  # the type (with its collation) that the successor gets
    renewed: tuple[str, str] | None = None  # an enum type that it gets in a new form, and what that is called until contract


class NotPossible(Exception):
    """The server refuses what was tried; `str()` is what it said."""


class Trial(Protocol):
    """A throw-away database with one version's schema, for what only PostgreSQL can say. Whatever is tried there is taken back."""

    def after(self, *statements: str, tables: Collection[str] | None = None) -> Schema:
        """The schema (or some tables of it, by key) as it is after these statements. Raises NotPossible."""

    def refuses(self, *statements: str) -> str | None:
        """What the server says against these statements; None where it takes them."""

    def implies(self, table: str, given: str, then: str) -> bool:
        """Can PostgreSQL prove that a row for which `given` is true has `then` true, too? At worst it cannot."""


class Untried(Exception):
    """A version that cannot be run here, so that nothing can be tried with it; `str()` says which or why."""


class Speech(Protocol):
    """Both versions with their own drivers, to be asked how they get on with another type."""

    def refusal(self, side: Side, table: str, column: str, own: str, other: str, first: Sequence[str]) -> str | None:
        """What goes wrong when the version meets `other` where its model has `own`; None when nothing does. Raises Untried."""


@dataclass(kw_only=True)
class Differences:
    """The pool, with everything that a change may need to know. `heads`: before any rename was tried; `renamed`: after."""

    heads: Schema
    renamed: Schema
    green: Schema
    final: Schema  # green's, with the names that its tables have at the end
    target: Snapshot
    blue: Snapshot | None
    hints: Hints
    renames: Mapping[str, Mapping[str, str]]  # table -> {new column: old column}
    rewrites: frozenset[tuple[str, str]]  # added columns whose default PostgreSQL cannot give without writing every row
    in_catalog: frozenset[tuple[str, str]]  # changed types that PostgreSQL changes without writing or checking a row
    on_heads: Trial  # the migrations' schema as it is
    on_green: Trial  # the target's own
    speech: Speech
    live: Schema | None = None  # the service's database as it is, where one is configured
    user_types: tuple[str, ...] = ()  # statements that create both versions' extensions and types in an empty database
    moves: tuple[Move, ...] = ()  # of all kinds
    twins: tuple[Any, ...] | None = None  # what hangs on them, once `changes.twins` was asked
    tables: Mapping[str, str] = field(default_factory=dict)  # renamed ones (old: new); everywhere else here they have their old names
    redefined: dict[tuple[str, str], str] = field(default_factory=dict)  # foreign keys of new tables, as they read until contract
    pool: list[Difference] = field(default_factory=list)

    def all(self, *whats: What, table: str | None = None) -> Iterator[Difference]:
        """Those of these kinds that nobody has taken yet; taking them while iterating is fine."""
        for d in list(self.pool):
            if d.what in whats and (table is None or d.table == table) and d in self.pool:
                yield d

    def find(self, what: What, table: str | None, name: str) -> Difference | None:
        """A certain one, if nobody has taken it."""
        return next((d for d in self.pool if (d.what, d.table, d.name) == (what, table, name)), None)

    def take(self, *taken: Difference | None) -> None:
        """These are understood."""
        for d in taken:
            if d is not None:
                self.pool.remove(d)

    def sides(self, table: str, column: str) -> tuple[Column, Column]:
        """A column that both have: as the migrations give it, under its new name, and as the target has it."""
        return self.renamed.tables[table].columns[column], self.green.tables[table].columns[column]

    def model(self, table: str, column: str) -> SnapshotColumn | None:
        """The target's model of a column."""
        t = self.target.tables.get(table)
        return t.columns.get(column) if t else None

    def named(self, table: str) -> str:
        """What green itself calls a table."""
        return self.tables.get(table, table)

    def unknown_to_migrations(self) -> list[str]:
        """What the live version's models have and the migrations do not give: drift that no plan can see."""
        out = []
        for key, model in sorted(self.blue.tables.items() if self.blue else ()):
            table = self.heads.tables.get(key)
            out += [key] if table is None else [f"{key}.{c}" for c in model.columns if c not in table.columns]
        return out
