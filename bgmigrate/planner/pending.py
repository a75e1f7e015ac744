"""What an expand would take away although the database has yet to get it, from a contract that has not been applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from bgmigrate.catalog import Schema, Table
from bgmigrate.changes import Planned
from bgmigrate.findings import Finding
from bgmigrate.history.project import Project
from bgmigrate.ops import DropNotNull, RemoveConstraint, RemoveIndex, ReplaceConstraint, ReplaceIndex, Step


def unmade(expand: Iterable[Planned], heads: Schema, live: Schema | None, project: Project) -> list[Finding]:
    """A finding (BGM919) for each thing that expand drops or exchanges and that the database does not have as the migrations give it.

    That contract would make it after this expand has dropped it, and the end would be another schema than the models'.
    """
    out = []
    for table, name in dict.fromkeys(n for p in expand for n in _waiting(p.step, heads, live)):
        holders = [s.revision for s in project.contracts() if f'"{name}"' in Path(s.path).read_text(encoding="utf-8")]
        if not holders:  # an earlier expand is to make it, and comes before this one
            continue
        out.append(
            Finding(
                code="BGM919", table=table, revision=holders[-1],
                what=f"{name} of {table} is not there as the migrations give it: contract revision {', '.join(holders)} that makes it has not been"
                " applied",
                why="This expand would drop what that contract would then make: the two do not commute.",
                next=f"Apply it first: bgmigrate contract --to {holders[-1]}.",
            )
        )
    return out


def _waiting(step: Step, heads: Schema, live: Schema | None) -> Iterator[tuple[str, str]]:
    if not isinstance(step, (DropNotNull, RemoveConstraint, RemoveIndex, ReplaceConstraint, ReplaceIndex)):
        return
    have, now = heads.tables.get(step.table), live.tables.get(step.table) if live else None
    if have is None or now is None:
        return
    if isinstance(step, DropNotNull):
        yield from ((step.table, c) for c in step.columns if _forbids_null(have, c) and not _forbids_null(now, c))
    elif _text(have, step.name) not in (None, _text(now, step.name)):
        yield step.table, step.name


def _forbids_null(table: Table, column: str) -> bool:
    return column in table.columns and table.columns[column].not_null


def _text(table: Table, name: str) -> str | None:
    """What a constraint or index of that name says; None where there is none."""
    if name in table.constraints:
        return table.constraints[name].definition
    return table.indexes[name].definition if name in table.indexes else None
