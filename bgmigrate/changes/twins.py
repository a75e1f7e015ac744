"""What hangs on a column (indexes, unique and check constraints, foreign keys), built a second time on another column.

What that is, and how it reads there, is found by renaming the column in a throw-away database: PostgreSQL writes the definitions, we never
replace a name inside one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bgmigrate.catalog import Constraint, Index, Schema, Table
from bgmigrate.changes.create_index import concurrently
from bgmigrate.naming import object_name
from bgmigrate.ops import AddConstraint, AdoptIndex, BuildIndex


class NoTwin(Exception):
    """Something hangs on the column that cannot be built twice; `str()` names it."""


@dataclass(frozen=True, kw_only=True)
class Twin:
    """One of them, built under the name `built`, to be called `final`."""

    table: str
    built: str
    final: str
    index: Index | None = None
    constraint: Constraint | None = None

    @property
    def is_unique(self) -> bool:
        """Is it a unique constraint, which is made from its index?"""
        return self.constraint is not None and self.constraint.kind == "u"

    @property
    def moves(self) -> bool:
        """Is its name still another's?"""
        return self.built != self.final

    def build(self) -> BuildIndex | AddConstraint:
        """The step that builds it while reads and writes go on."""
        if self.constraint and not self.is_unique:
            return AddConstraint(self.table, self.built, self.constraint.definition)
        assert self.index
        return BuildIndex(self.table, self.built, concurrently(self.index.named(self.built)))

    def adopt(self) -> AdoptIndex:
        """The step that makes a unique constraint of its index."""
        assert self.constraint
        _, deferrable, rest = self.constraint.definition.partition(" DEFERRABLE")
        return AdoptIndex(self.table, self.final, self.built, deferrable + rest)


def constraint_names(twins: Iterable[Twin]) -> dict[str, str]:
    """The constraints that take their final names when the old ones have gone."""
    return {t.built: t.final for t in twins if t.moves and t.constraint and not t.is_unique}


def index_names(twins: Iterable[Twin]) -> dict[str, str]:
    """The indexes that do."""
    return {t.built: t.final for t in twins if t.moves and not t.constraint}


def changed_by_rename(before: Schema, renamed: Schema, table: str) -> Iterator[Constraint | Index]:
    """What reads differently after columns of a table were renamed, as it reads then.

    Raises NoTwin for a primary key, an exclusion constraint, and a foreign key of another table that points to the column.
    """
    was, now = before.tables[table], renamed.tables[table]
    constraints = {c.oid: c.definition for c in was.constraints.values()}
    for constraint in now.constraints.values():
        if constraints[constraint.oid] != constraint.definition:
            if constraint.kind in ("p", "x"):
                raise NoTwin(f"{constraint.name} ({constraint.definition})")
            yield constraint
    indexes = {i.oid: i.definition for i in was.indexes.values()}
    yield from (i for i in now.indexes.values() if not i.constraint and indexes[i.oid] != i.definition)
    for other in before.tables.values():
        later = {c.oid: c.definition for c in renamed.tables[other.key].constraints.values()}
        for c in other.constraints.values():
            if other.key != table and c.references == table and _target(later[c.oid]) != _target(c.definition):
                raise NoTwin(f"the foreign key {c.name} of {other.key}, which points to it")


def _target(definition: str) -> str:
    """What a foreign key points to; its own columns may have been renamed as well."""
    return definition.partition(" REFERENCES ")[2]


def twin_of(table: Table, thing: Constraint | Index, taken: Iterable[str] = ()) -> Twin:
    """The twin of something as it reads on the other column; `taken`: names that are still in use."""
    built = object_name("twin", table.key, thing.name) if thing.name in taken else thing.name
    if isinstance(thing, Index):
        return Twin(table=table.key, built=built, final=thing.name, index=thing)
    index = table.indexes[thing.name] if thing.kind == "u" else None
    return Twin(table=table.key, built=built, final=thing.name, constraint=thing, index=index)
