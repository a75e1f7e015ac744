"""Unique constraints as steps: the index concurrently, then the constraint that takes it; and what leans on one."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.catalog import Constraint, Index, Table
from bgmigrate.changes.base import Planned, Stage
from bgmigrate.changes.beside import commented
from bgmigrate.changes.create_index import concurrently
from bgmigrate.changes.demands import Demand
from bgmigrate.changes.difference import Differences
from bgmigrate.errors import Refused
from bgmigrate.ops import AdoptIndex, BuildIndex, BuildKey, Step


def deferral(constraint: Constraint) -> str:
    """Where a constraint may be checked later, how; as it stands at the end of ADD CONSTRAINT."""
    _, deferrable, rest = constraint.definition.partition(" DEFERRABLE")
    return deferrable + rest


def steps_of(table: Table, constraint: Constraint, name: str, old: Index | None = None) -> tuple[Step, ...]:
    """What builds a unique constraint under a name. `old`: the index that has its own name until then."""
    becomes = constraint.name if old and old.nameless != table.indexes[constraint.name].nameless else ""
    if table.kind == "p":
        return (BuildKey(table.key, name, constraint.definition, becomes=becomes),)
    build = BuildIndex(table.key, name, concurrently(table.indexes[constraint.name].named(name)), becomes=becomes)
    return build, AdoptIndex(table.key, name, name, deferral(constraint), becomes=becomes)


def built(table: Table, constraint: Constraint, name: str, *stages: Stage, old: Index | None = None) -> list[Planned]:
    """A unique constraint as `table` has it, under a name. `stages`: of its index and of itself. `old`: the index that has its name until then."""
    steps = steps_of(table, constraint, name, old)
    if len(steps) == 1:
        why = f"{constraint.name}: partition by partition, while reads and writes go on. ACCESS EXCLUSIVE for an instant, no scan."
        return [Planned(stage=stages[-1], step=steps[0], because=(why,))]
    why = f"{constraint.name}: its index, built while reads and writes go on. SHARE UPDATE EXCLUSIVE."
    take = f"{constraint.name}: the constraint takes that index. ACCESS EXCLUSIVE for an instant, no scan."
    return [Planned(stage=s, step=step, because=(b,)) for s, step, b in zip((stages[0], stages[-1]), steps, (why, take), strict=True)]


def brought_back(table: Table, constraint: Constraint, demand: Demand | None, name: str) -> tuple[Step, ...]:
    """What brings it back in a rollback: the rows are asked before anything changes."""
    return (*([demand.step] if demand else []), *steps_of(table, constraint, name), *commented(table.key, constraint, name))


def refuse_leaning(differences: Differences, table: str, have: Constraint) -> None:
    """Raise Refused where foreign keys that green keeps point to the key that it drops."""
    if names := list(_leaning(differences, have)):
        raise Refused(
            f"{have.name} of {table} cannot be dropped: {', '.join(names)} point to it",
            why="PostgreSQL ties a foreign key to the index of the key that it was made with, though another key has the same columns.",
            next=f"Take two releases: add the new key in this one, and keep {have.name}; in the next drop these foreign keys and make them anew"
            " (other names will do), then drop the old key.",
            code="BGM901",
        )


def _leaning(differences: Differences, have: Constraint) -> Iterator[str]:
    for table in differences.heads.tables.values():
        green = differences.green.tables.get(table.key)
        for c in table.constraints.values():
            kept = green.constraints.get(c.name) if green else None
            if c.kind == "f" and c.index == have.index and kept is not None and kept.definition == c.definition:
                yield f"{table.key}.{c.name}"
