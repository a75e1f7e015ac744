"""Does the schema have what a version's models map? Compared by catalogs; only what is certain to fail is an error."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.findings import Finding
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.outcome import Probe
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
        if name in have.ignored:
            continue  # models that are read from the database have it, too
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


def bare(subject: Subject, have: Facts, *, candidate: bool) -> Probe | None:
    """A version whose models have no table proves nothing on a database that has some; None for any other version.

    `candidate`: it is the version that must be proved; before the first release one without tables is as it should be.
    """
    if subject.snapshot.tables or not have.schema.tables:
        return None
    named = ",".join(subject.snapshot.models) or "package.db:Base"
    return Probe(probe="shape", version=subject.name, inconclusive=int(candidate), findings=(Finding(
        code="BGM806", severity="warning" if candidate else "info", version=subject.name, probe="shape",
        what=f"nothing is proved of {subject.name}: {named} has no table, and the database has {len(have.schema.tables)}",
        why="A class is known to its base only once the module that defines it is imported.",
        next=f"Name that module before the base: #package.models,{named} (in the SPEC, or in `models` of the configuration)."
        if candidate else "Nothing, if this is the release before the first table.",
    ),))
