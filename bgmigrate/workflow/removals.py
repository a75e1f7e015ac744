"""What a contract takes from the old version, read from its file without a database: nothing of it is run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import alembic.context
import alembic.op

from bgmigrate.history.environment import quiet
from bgmigrate.history.project import Project
from bgmigrate.lint.actions import DropColumn, DropTable
from bgmigrate.lint.known import Known
from bgmigrate.lint.read import read
from bgmigrate.naming import key, split
from bgmigrate.ops import RenameTable, Step


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A table, or (with its name) one of its columns. `renamed`: only the table's name goes."""

    table: str
    column: str | None = None
    renamed: bool = False

    def __str__(self) -> str:
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True, kw_only=True)
class Contracted:
    """One contract: `removals` can be renamed away; `looks` only ask whether the rest may be done; `tables`: all that it is about."""

    revision: str
    removals: tuple[Removal, ...]
    looks: tuple[Step, ...]
    tables: tuple[str, ...]


def contracted(project: Project, revision: str) -> Contracted:
    """What this contract removes, Alembic's own operations included; what it does in SQL of its own cannot be known."""
    script: Any = project.script.get_revision(revision)
    with quiet(), _beside_a_run():
        reading = read(
            script.module, path=project.path_of(revision), revision=revision, phase="contract", known=Known(), script=project.script,
            config=project.config,
        )
    steps: Sequence[Step] = reading.steps
    tables = [t for s in steps for t in (getattr(s, "table", ""), getattr(s, "old", ""))] + [_key(s.action.table) for s in reading.statements]
    found = [
        Removal(table=table, column=column, renamed=isinstance(step, RenameTable)) for step in steps for table, column in step.removes()
    ]
    for action in (s.action for s in reading.statements if not s.ours):
        if isinstance(action, DropColumn):
            found.append(Removal(table=_key(action.table), column=action.column))
        elif isinstance(action, DropTable):
            found.append(Removal(table=_key(action.table)))
    return Contracted(
        revision=revision, removals=tuple(dict.fromkeys(found)), looks=tuple(s for s in steps if s.looks),
        tables=tuple(dict.fromkeys(t for t in (*tables, *(r.table for r in found)) if t)),
    )


@contextlib.contextmanager
def _beside_a_run() -> Iterator[None]:
    """Reading a revision stands behind `alembic.op` meanwhile; a run of Alembic that asks the gate has its own there, and gets it back."""
    outer = [getattr(module, "_proxy", None) for module in (alembic.op, alembic.context)]
    try:
        yield
    finally:
        for proxy in filter(None, outer):
            proxy._install_proxy()


def _key(table: str) -> str:
    schema, name = split(table)
    return key(schema or "public", name)
