"""Constraints of the other version that refuse what this one may write. Tried: the values of the round trip obey every constraint they meet."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.catalog import Constraint, Table
from bgmigrate.findings import Finding
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.subject import Subject

_REFUSES = {
    "p": "two rows that are alike in", "u": "two rows that are alike in", "x": "two rows that are alike in", "c": "some values of",
    "f": "rows whose parent is not there by",
}


def bound(subject: Subject, other: Subject | None, facts: Facts, limits: str = "") -> list[Finding]:
    """Constraints that the other version's model has and this one's has not, and by which the database refuses what this one writes."""
    if subject.own is None or other is None or other.own is None:
        return []
    found = [
        (name, constraint) for name in sorted(subject.snapshot.tables.keys() & other.snapshot.tables.keys())
        for constraint in _brought(name, subject, subject.own, other.own, facts)
    ]
    said = subject.provoke(facts, [(t, k.kind, k.name, list(k.columns)) for t, k in found], limits) if found else []
    return [
        Finding(
            code="BGM210", severity="warning", version=subject.name, probe="roundtrip", table=table,
            column=k.columns[0] if len(k.columns) == 1 else None,
            what=f"{k.name} of {table} is {other.name}'s and refuses {_REFUSES[k.kind]} {', '.join(k.columns)}, which {subject.name} may write:"
            f" {refused}",
            why=f"{subject.name}'s model does not have it, so {subject.name} does not know that it must not.",
            next=f"Nothing, where {subject.name} never writes so; else add it in contract, when {subject.name} is gone (or drop it in expand).",
        )
        for (table, k), refused in zip(found, said, strict=True) if refused
    ]


def _brought(name: str, subject: Subject, own: Facts, theirs: Facts, facts: Facts) -> Iterator[Constraint]:
    """The database's constraints of one table that the other's own schema has as well, and the version's has not."""
    here, mine, other = facts.table(name), own.table(name), theirs.table(name)
    if here is None or mine is None or other is None:
        return
    known = set(subject.snapshot.tables[name].columns)
    for constraint in _constraints(here):
        alike = [k for k in _constraints(other) if k.kind == constraint.kind and _same(k, constraint)]
        if constraint.columns and set(constraint.columns) <= known and alike and not any(_implies(k, constraint) for k in _constraints(mine)):
            yield constraint


def _constraints(table: Table) -> list[Constraint]:
    """With the unique indexes that are no constraints by name, and hold for all rows all the same."""
    indexes = [
        Constraint(oid=i.oid, name=i.name, kind="u", definition=i.nameless, columns=i.columns)
        for i in table.indexes.values() if i.unique and i.columns and not (i.constraint or i.partial or i.expression)
    ]
    return [*table.constraints.values(), *indexes]


def _same(a: Constraint, b: Constraint) -> bool:
    if a.kind in "puf":
        return set(a.columns) == set(b.columns) and a.references == b.references
    return a.name == b.name or a.definition == b.definition


def _implies(mine: Constraint, constraint: Constraint) -> bool:
    """Whether what obeys the version's own constraint obeys the other as well."""
    if constraint.kind in "pu":
        return mine.kind in "pu" and set(mine.columns) <= set(constraint.columns)
    return mine.kind == constraint.kind and (_same(mine, constraint) if constraint.kind == "f" else mine.definition == constraint.definition)
