"""What a failed INSERT hides: a statement that names a missing column never comes to the columns that would refuse it for what it leaves out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bgmigrate.findings import Finding
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.judge import requires, too_narrow
from bgmigrate.verify.outcome import Probe
from bgmigrate.verify.shape import Shape
from bgmigrate.verify.subject import Subject


def masked(
    subject: Subject, other: Subject | None, have: Facts, shape: Shape, probes: Iterable[Probe], synchronized: Collection[str] = ()
) -> list[Finding]:
    """What fails for certain once the missing columns of a table are there. Where triggers may fill a column in, nothing is certain."""
    told = {(f.table, f.column) for p in probes for f in p.findings if f.severity == "error"}
    out = []
    for name in sorted({t for t, _ in shape.columns}):
        at, mine = have.located(name), subject.snapshot.tables[name].columns
        table = have.table(name)
        if table is None or at in have.triggered or at in synchronized or name in synchronized:
            continue
        for column in table.columns.values():
            known = mine.get(column.name)
            empty = column.not_null and column.default is None and not column.identity
            before = (at or "", column.name) in have.original
            if known is None:
                why = "the model does not know it, it is NOT NULL and nothing fills it" if empty else ""
            elif column.not_null and known.nullable and known.default is None and not known.server_default:
                why = "the model allows NULL, the column does not" if other and requires(other, name, column.name) and not before else ""
            elif too_narrow(subject, have, name, column.name) and other and too_narrow(other, have, name, column.name) is False:
                why = "the model allows longer texts than it holds"
            else:
                why = ""
            if why and (name, column.name) not in told:
                out.append(Finding(
                    code="BGM801", version=subject.name, probe="shape", table=name, column=column.name,
                    what=f"{subject.name}'s INSERT of {name} also fails because of {column.name}: {why}",
                    why=f"It was not reached, for {name} lacks columns that every INSERT names; it fails next when they are there.",
                    next="Keep both versions' columns in step in the expand revision, or correct the model; then `bgmigrate verify`.",
                ))
    return out
