"""What a contract takes from the old version, read from its file without a database: nothing of it is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bgmigrate.history.environment import quiet
from bgmigrate.history.project import Project
from bgmigrate.lint.actions import DropColumn, DropTable
from bgmigrate.lint.known import Known
from bgmigrate.lint.read import read
from bgmigrate.naming import key, split
from bgmigrate.ops import Step


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A table, or (with its name) one of its columns."""

    table: str
    column: str | None = None

    def __str__(self) -> str:
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True, kw_only=True)
class Contracted:
    """One contract: `removals` can be renamed away; `looks` only ask whether the rest may be done."""

    revision: str
    removals: tuple[Removal, ...]
    looks: tuple[Step, ...]


def contracted(project: Project, revision: str) -> Contracted:
    """What this contract removes, Alembic's own operations included; what it does in SQL of its own cannot be known."""
    script: Any = project.script.get_revision(revision)
    with quiet():
        reading = read(
            script.module, path=project.path_of(revision), revision=revision, phase="contract", known=Known(), script=project.script,
            config=project.config,
        )
    steps: Sequence[Step] = reading.steps
    found = [Removal(table=table, column=column) for step in steps for table, column in step.removes()]
    for action in (s.action for s in reading.statements if not s.ours):
        if isinstance(action, DropColumn):
            found.append(Removal(table=_key(action.table), column=action.column))
        elif isinstance(action, DropTable):
            found.append(Removal(table=_key(action.table)))
    return Contracted(revision=revision, removals=tuple(dict.fromkeys(found)), looks=tuple(s for s in steps if s.looks))


def _key(table: str) -> str:
    schema, name = split(table)
    return key(schema or "public", name)
