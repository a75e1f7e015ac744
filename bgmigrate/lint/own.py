"""bgmigrate's own operations as actions. They mind their locks; what they make and what they destroy is of interest all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bgmigrate import ops
from bgmigrate.lint.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AddEnumValue,
    Column,
    CreateIndex,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropTable,
    Kind,
    Ours,
    RenameTable,
    SetNotNull,
)


def actions(step: ops.Step) -> Iterator[Action]:
    """What an operation of ours makes and drops."""
    match step:
        case ops.BuildTable():
            yield CreateTable(table=step.table, columns=tuple(_column(n, t) for n, t in step.columns.items()))
        case ops.DropTables():
            for table in step.tables:
                yield DropTable(table=table)
        case ops.AddColumns():
            for name, definition in step.columns.items():
                yield AddColumn(table=step.table, column=_column(name, definition, step.defaults.get(name)))
        case ops.SynchronizeColumns():
            for name, definition in step.add.items():
                yield AddColumn(table=step.table, column=_column(name, definition))
        case ops.DropColumns():
            for name in step.columns:
                yield DropColumn(table=step.table, column=name)
        case ops.StopSynchronizing():
            for name in step.drop:
                yield DropColumn(table=step.table, column=name)
        case ops.AddConstraint():
            kind: Kind = "foreign key" if step.definition.startswith("FOREIGN KEY") else "check" if step.definition.startswith("CHECK") else ""
            yield AddConstraint(table=step.table, name=step.name, kind=kind, text=step.definition.removeprefix("CHECK"))
        case ops.RemoveConstraint():
            yield DropConstraint(table=step.table, name=step.name)
        case ops.RequireNotNull():
            for name in step.columns:
                yield SetNotNull(table=step.table, column=name)
        case ops.RenameTable():
            yield RenameTable(table=step.table, to=step.to)
        case ops.BuildIndex():
            unique = step.definition.startswith("CREATE UNIQUE")
            yield CreateIndex(table=step.table, name=step.name, columns=_indexed(step.definition), concurrently=True, unique=unique)
        case ops.BackfillRows():
            yield Ours(table=step.table, verb=step.verb, columns=tuple({**step.missing, **step.follow}))
        case ops.ExtendEnum():
            yield AddEnumValue(type=step.type, value=step.value)
        case _:
            yield Ours(table=getattr(step, "table", ""), verb=step.verb)


def _indexed(definition: str) -> tuple[str, ...]:
    """The columns of an index, as far as they are plain names."""
    found = re.search(r"\(([\w\", ]+)\)", definition)
    return tuple(c.strip().strip('"') for c in found[1].split(",")) if found else ()


def _column(name: str, definition: str, default: str | None = None) -> Column:
    kind, _, rest = definition.partition(" NOT NULL")
    return Column(name=name, type=kind, nullable=kind == definition, default=default if default is not None else rest.strip() or None)
