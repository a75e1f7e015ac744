"""What hangs on columns (indexes, keys, unique and check constraints, foreign keys in both directions), built a second time on their successors.

What that is, and how it reads there, is found by renaming the columns in throw-away databases of both versions: PostgreSQL writes the
definitions, we never replace a name inside one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bgmigrate.catalog import Constraint, Index, Schema
from bgmigrate.changes.create_index import concurrently
from bgmigrate.changes.difference import Differences, Move, NotPossible, What
from bgmigrate.naming import object_name
from bgmigrate.ops import AddConstraint, BuildIndex, BuildKey, BuildKeyParts, Step
from bgmigrate.ops.primary_key import split_key
from bgmigrate.sql import compose

Thing = Constraint | Index


class NoTwin(Exception):
    """Something hangs on the columns that cannot be built twice; `str()` names it."""


@dataclass(frozen=True, kw_only=True)
class Twin:
    """One of the things that hang on the columns, built under the name `built`, to be called `final`. `old`: its predecessor, if there was one."""

    table: str
    built: str
    final: str
    old: str | None
    columns: tuple[str, ...]
    index: Index | None = None
    constraint: Constraint | None = None
    partitioned: bool = False

    @property
    def adopts(self) -> bool:
        """Is it a constraint that takes an index built before? Of a partitioned table it is built as a constraint, partition by partition."""
        return self.key is not None and not self.partitioned

    @property
    def key(self) -> str | None:
        """PRIMARY KEY or UNIQUE, where it is a constraint that is made from its index."""
        return {"p": "PRIMARY KEY", "u": "UNIQUE"}.get(self.constraint.kind) if self.constraint else None

    @property
    def moves(self) -> bool:
        """Is its name still another's?"""
        return self.built != self.final

    def build(self) -> Step:
        """The step that builds it while reads and writes go on."""
        if self.constraint and self.partitioned and self.key == "PRIMARY KEY":
            return BuildKeyParts(self.table, self.built, split_key(self.constraint.definition)[0])
        if self.constraint and self.partitioned and self.key:
            return BuildKey(self.table, self.built, self.constraint.definition)
        if self.constraint and not self.key:
            return AddConstraint(self.table, self.built, self.constraint.definition)
        assert self.index
        return BuildIndex(self.table, self.built, concurrently(self.index.named(self.built)))

    def adoption(self) -> str:
        """What stands after ADD CONSTRAINT name where the constraint takes its index."""
        return compose("{k:q} USING INDEX {i:i}{d:q}", k=self.key, i=self.built, d=self.deferrable)

    @property
    def deferrable(self) -> str:
        """Where a constraint may be checked later, how."""
        _, deferrable, rest = self.constraint.definition.partition(" DEFERRABLE") if self.constraint else ("", "", "")
        return deferrable + rest


def constraint_names(twins: Iterable[Twin]) -> dict[str, str]:
    """The checks and foreign keys that take their final names when the old ones have gone."""
    return {t.built: t.final for t in twins if t.moves and t.constraint and not t.adopts and t.key != "PRIMARY KEY"}


def index_names(twins: Iterable[Twin]) -> dict[str, str]:
    """The indexes that do."""
    return {t.built: t.final for t in twins if t.moves and not t.constraint}


def twins_of(differences: Differences, move: Move) -> tuple[Twin, ...]:
    """The twins that are built with one column's successor: each is built once, whatever columns it is about.

    Raises NoTwin for what cannot be built beside: exclusion constraints, generated columns, partition keys.
    """
    if differences.twins is None:
        differences.twins = tuple(_all(differences, differences.moves))
    return tuple(t for t in differences.twins if _owner(differences.moves, t) == move)


def _all(differences: Differences, moves: Sequence[Move]) -> Iterator[Twin]:
    """Everything that hangs on these columns in both versions, and the plain indexes that green adds to a successor of the same name.

    What the two versions have in different forms is left in the pool.
    """
    heads, green = differences.heads, differences.green
    here, there = (_concerned(schema, moves) for schema in (heads, green))
    was = differences.on_heads.after(*_renames((m.table, m.old, m.there) for m in moves), *_types(moves), tables=here)
    now = differences.on_green.after(*_renames((m.table, m.final, m.there) for m in moves if m.final != m.there), *_types(moves), tables=there)
    read = _retyped(differences, moves) or was
    taken = {n for t in heads.tables.values() for n in (*t.indexes, *t.constraints, t.name)}
    for table, thing in _hanging(heads, was):
        final = _counterpart(differences, now, table, (thing, _find(read, table, thing)))
        if final is not None:
            yield _twin(now, table, final, taken, thing.name)
    beside = {(m.table, m.there) for m in moves if m.there != m.final}
    for table, thing in _hanging(green, now):  # a plain index of green's on a column whose name is still the old one's
        if isinstance(thing, Index) and not thing.unique and any((table, c) in beside for c in thing.columns):
            difference = differences.find("index", table, thing.name)
            if difference is not None:
                differences.take(difference)
                yield _twin(now, table, thing, taken, thing.name if difference.have is not None else None)
        elif isinstance(thing, Constraint) and table not in heads.tables:
            differences.redefined[table, thing.name] = thing.definition


def way_back(differences: Differences, move: Move) -> list[Twin]:
    """Everything that hangs on one column in the migrations' schema, for the way back to it. Raises NoTwin."""
    was = differences.on_heads.after(*_renames([(move.table, move.old, move.there)]), tables=_concerned(differences.heads, [move]))
    taken = {n for t in differences.heads.tables.values() for n in (*t.indexes, *t.constraints, t.name)}
    return [_twin(was, table, thing, taken, thing.name) for table, thing in _hanging(differences.heads, was)]


def _owner(moves: Sequence[Move], twin: Twin) -> Move:
    """The column with which a twin is built: one of its own table, else the one that its foreign key points to."""
    mine = [m for m in moves if m.table == twin.table]
    return next(
        (m for m in mine if m.there in twin.columns),
        next((m for m in moves if twin.constraint and m.table == twin.constraint.references), mine[0] if mine else moves[0]),
    )


def _concerned(schema: Schema, moves: Sequence[Move]) -> set[str]:
    """The tables of these columns, and those whose foreign keys point to one."""
    own = {m.table for m in moves}
    return own | {t.key for t in schema.tables.values() if any(c.references in own for c in t.constraints.values())}


def _renames(columns: Iterable[tuple[str, str, str]]) -> list[str]:
    return [compose("ALTER TABLE {t:t} RENAME COLUMN {o:i} TO {n:i}", t=t, o=o, n=n) for t, o, n in columns]


def _types(moves: Sequence[Move]) -> list[str]:
    renewed = dict(m.renewed for m in moves if m.renewed)
    return [compose("ALTER TYPE {t:t} RENAME TO {n:i}", t=t, n=n.rpartition(".")[2]) for t, n in renewed.items()]


def _retyped(differences: Differences, moves: Sequence[Move]) -> Schema | None:
    """The migrations' schema with the new names and types: how PostgreSQL itself would carry the definitions over. None where it cannot."""
    statements = [*_renames((m.table, m.old, m.there) for m in moves), *_types(moves)]
    for m in moves:
        if m.retyped and not differences.heads.tables[m.table].columns[m.old].identity:
            statements.append(compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} DROP DEFAULT", t=m.table, c=m.there))
        if m.retyped:
            statements.append(compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} TYPE {y:q} USING NULL", t=m.table, c=m.there, y=m.retyped))
    try:
        return differences.on_heads.after(*statements, tables=_concerned(differences.heads, moves)) if any(m.retyped for m in moves) else None
    except NotPossible:
        return None


def _hanging(before: Schema, after: Schema) -> Iterator[tuple[str, Thing]]:
    """What reads differently after the columns were renamed, as it reads then, keys before what refers to them."""
    found: list[tuple[str, Thing]] = []
    for key, now in after.tables.items():
        table = before.tables[key]
        for name, column in now.columns.items():
            if column.generated and name in table.columns and column.default != table.columns[name].default:
                raise NoTwin(f"the generated column {key}.{name}, which is computed from it")
        if table.partition_by != now.partition_by:
            raise NoTwin(f"the partition key of {key}")
        was = {c.oid: c.definition for c in table.constraints.values()} | {i.oid: i.definition for i in table.indexes.values()}
        found += [(key, c) for c in now.constraints.values() if was[c.oid] != c.definition]
        found += [(key, i) for i in now.indexes.values() if not i.constraint and was[i.oid] != i.definition]
    return iter(sorted(found, key=lambda f: isinstance(f[1], Constraint) and f[1].kind == "f"))


def _find(schema: Schema, table: str, thing: Thing) -> Thing | None:
    there = schema.tables[table]
    return there.constraints.get(thing.name) if isinstance(thing, Constraint) else there.indexes.get(thing.name)


def _counterpart(differences: Differences, now: Schema, table: str, same: tuple[Thing, Thing | None]) -> Thing | None:
    """The same thing in green: under its own name, else under one that nothing else of the table has; None where green has it otherwise."""
    green = now.tables.get(table)
    if green is None:
        return None
    thing = same[0]
    there: Mapping[str, Thing] = green.constraints if isinstance(thing, Constraint) else green.indexes
    here: Mapping[str, Thing] = (
        differences.heads.tables[table].constraints if isinstance(thing, Constraint) else differences.heads.tables[table].indexes
    )
    reads = {_reads(x) for x in same if x is not None}
    what: What = "constraint" if isinstance(thing, Constraint) else "index"
    if thing.name in there:
        if _reads(there[thing.name]) not in reads:
            return None
        differences.take(differences.find(what, table, thing.name))
        return there[thing.name]
    for name, candidate in there.items():
        if name not in here and _reads(candidate) in reads:
            differences.take(differences.find(what, table, thing.name), differences.find(what, table, name))
            return candidate
    return None


def _reads(thing: Thing) -> tuple[object, ...]:
    return (thing.kind, thing.definition) if isinstance(thing, Constraint) else (thing.nameless, thing.constraint)


def _twin(now: Schema, table: str, thing: Thing, taken: Iterable[str], old: str | None) -> Twin:
    if isinstance(thing, Constraint) and thing.kind == "x":
        raise NoTwin(f"the exclusion constraint {thing.name}")
    built = object_name("twin", table, thing.name) if thing.name in taken else thing.name
    if isinstance(thing, Index):
        return Twin(table=table, built=built, final=thing.name, old=old, columns=thing.columns, index=thing)
    index = now.tables[table].indexes[thing.name] if thing.kind in ("p", "u") else None
    partitioned = now.tables[table].kind == "p"
    return Twin(table=table, built=built, final=thing.name, old=old, columns=thing.columns, constraint=thing, index=index, partitioned=partitioned)
