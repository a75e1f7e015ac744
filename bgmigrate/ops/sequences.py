"""Sequences that models declare by themselves: made, changed and dropped in the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from bgmigrate.errors import Refused
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose


def create_sequence(name: str, type: str, options: str) -> str:
    """The CREATE SEQUENCE, once."""
    return compose("CREATE SEQUENCE IF NOT EXISTS {n:t} AS {t:q} {o:q}", n=name, t=type, o=options)


@operation("build_sequence")
@dataclass
class BuildSequence(Step):
    """CREATE SEQUENCE. No table is locked."""

    name: str
    type: str
    options: str

    def run(self, on: Runtime) -> None:
        on.strong([], create_sequence(self.name, self.type, self.options))

    def undo(self) -> Step:
        return DropSequences([self.name])


@operation("alter_sequence")
@dataclass
class AlterSequence(Step):
    """ALTER SEQUENCE: SHARE ROW EXCLUSIVE on the sequence alone, so that who draws from it waits for an instant. Its position stays."""

    name: str
    type: str
    options: str
    was: tuple[str, str] | None = field(default=None, metadata={"written": False})

    def run(self, on: Runtime) -> None:
        cycle = "" if self.options.endswith(" CYCLE") else " NO CYCLE"
        on.strong([], compose("ALTER SEQUENCE {n:t} AS {t:q} {o:q}{c:q}", n=self.name, t=self.type, o=self.options, c=cycle))

    def undo(self) -> Step | None:
        return AlterSequence(self.name, *self.was) if self.was else None


@operation("drop_sequences")
@dataclass
class DropSequences(Step):
    """DROP SEQUENCE; it fails rather than take a default with it."""

    names: list[str]

    def run(self, on: Runtime) -> None:
        on.strong([], *(compose("DROP SEQUENCE IF EXISTS {n:t}", n=n) for n in self.names))

    def merge(self, other: Step) -> DropSequences | None:
        return DropSequences(self.names + other.names) if isinstance(other, DropSequences) else None


@operation("require_position")
@dataclass
class RequirePosition(Step):
    """Refuse while a sequence stands beyond the bounds that it is to have: PostgreSQL would, when something is changed already."""

    may_refuse: ClassVar[bool] = True
    looks: ClassVar[bool] = True

    name: str
    least: int
    most: int

    def run(self, on: Runtime) -> None:
        if on.offline or not on.exists(self.name):
            return
        ((position,),) = on.fetch(compose("SELECT last_value FROM {n:t}", n=self.name))
        if not self.least <= position <= self.most:
            raise Refused(
                f"the sequence {self.name} stands at {position}, and is to have values from {self.least} to {self.most}",
                why="A sequence cannot stand outside its bounds, and set back it would give numbers twice. Nothing was changed.",
                next=f"Give it wider bounds in the models; or, if no number comes twice by it: SELECT setval('{self.name}', …), then run again.",
                code="BGM917",
            )
