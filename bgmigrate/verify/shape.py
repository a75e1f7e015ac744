"""Does the schema have what a version's models map? Compared by catalogs; only what is certain to fail is an error."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.findings import Finding
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What is missing, and how far the rest differs."""

    tables: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    drift: tuple[Finding, ...] = ()
    checked: int = 0
    tried: tuple[str, ...] = ()  # the table of each thing that was compared


def shape(subject: Subject, have: Facts) -> Shape:
    """Compare a version's snapshot (and the schema that it would create) with a database."""
    tables: list[str] = []
    columns: list[tuple[str, str]] = []
    drift: list[Finding] = []
    tried: list[str] = []
    for name, table in subject.snapshot.tables.items():
        present = have.columns(name)
        tried += [name] * (1 + len(table.columns))
        if present is None:
            tables.append(name)
            continue
        columns += [(name, c) for c in table.columns if c not in present]
        wanted = (subject.own.columns(name) if subject.own else None) or {}
        for column in table.columns:
            if column in present and column in wanted and present[column] != wanted[column]:
                drift.append(Finding(
                    code="BGM807", severity="info", version=subject.name, probe="shape", table=name, column=column,
                    what=f"{subject.name}'s model says {name}.{column} is {wanted[column]}, the database has {present[column]}",
                    why="No statement that was tried fails because of it.", next="Nothing, if it is meant to be so.",
                ))
    return Shape(tables=tuple(tables), columns=tuple(columns), drift=tuple(drift), checked=len(tried), tried=tuple(tried))
