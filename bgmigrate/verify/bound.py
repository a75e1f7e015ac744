"""Rules that a version does not know of and the other one brought: whether they refuse what it writes, only its data can tell."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.catalog import Constraint, Index, Table
from bgmigrate.findings import Finding
from bgmigrate.sql.foreign_keys import ForeignKey
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.subject import Subject

Rule = tuple[str, str]
KINDS = {"c": "CHECK", "u": "UNIQUE", "f": "FOREIGN KEY", "x": "EXCLUDE"}


def bound(subject: Subject, other: Subject | None, have: Facts) -> list[Finding]:
    """Constraints of the database that the other version's models declare and this one's do not. They bind it from the day that they are there."""
    out = []
    for name in sorted(subject.snapshot.tables) if subject.own and other and other.own else ():
        here, mine, theirs = (f.table(name) if f else None for f in (have, subject.own, other.own if other else None))
        if here is None or mine is None or theirs is None or other is None:
            continue
        granted = other.snapshot.tables[name].hints.get("blue_satisfies", ()) if name in other.snapshot.tables else ()
        known, brought = set(_rules(mine)), set(_rules(theirs))
        for rule, columns, named in _named(here):
            if rule in brought - known and {*columns} <= mine.columns.keys() and named not in granted and not _like(mine, rule, columns):
                out.append(Finding(
                    code="BGM210", severity="warning", version=subject.name, probe="shape", table=name,
                    column=columns[0] if len(columns) == 1 else None,
                    what=f"{name} has the constraint {named}, which {subject.name}'s model does not know: {rule[1]}",
                    why=f"It refuses what {subject.name} may write until it is gone, even when it is NOT VALID; with the sample rows it did not.",
                    next=f"Add it in contract; or say that {subject.name} obeys it: hint blue_satisfies = [{named!r}] on {name}.",
                ))
    return out


def says(constraint: Constraint) -> Rule:
    """What a constraint demands, without its name, its state and what becomes of referring rows."""
    text = constraint.definition.removesuffix(" NOT VALID")
    if constraint.kind == "f" and (key := ForeignKey.parse(text)):
        text = f"FOREIGN KEY ({', '.join(constraint.columns)}) REFERENCES {constraint.references} ({', '.join(key.referenced)})"
    return KINDS.get(constraint.kind, constraint.kind), text


def _unique(index: Index) -> Rule:
    return "UNIQUE", f"UNIQUE ({', '.join(index.elements or index.columns)})" + (f" WHERE {index.predicate}" if index.predicate else "")


def _named(table: Table) -> Iterator[tuple[Rule, tuple[str, ...], str]]:
    for c in table.constraints.values():
        if c.kind in "cfx":
            yield says(c), c.columns, c.name
    for i in table.indexes.values():  # a unique constraint's, too
        if i.unique:
            yield _unique(i), i.columns, i.name


def _rules(table: Table) -> Iterator[Rule]:
    return (rule for rule, _, _ in _named(table))


def _like(mine: Table, rule: Rule, columns: tuple[str, ...]) -> bool:
    """Has the version a rule of the same kind over the same columns (a CHECK that got wider), or a unique key that is at least as strict?"""
    kind, _ = rule
    return any(r[0] == kind and ({*c} <= {*columns} if kind == "UNIQUE" else {*c} == {*columns}) for r, c, _ in _named(mine))
