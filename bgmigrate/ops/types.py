"""Enum types and domains that new columns and tables need."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose


@operation("build_type")
@dataclass
class BuildType(Step):
    """CREATE TYPE ... AS ENUM, or CREATE DOMAIN. No table is locked."""

    name: str
    labels: list[str] | None = None
    domain: str | None = None

    def run(self, on: Runtime) -> None:
        if on.has("SELECT 1 WHERE to_regtype(%s) IS NOT NULL", compose("{t:t}", t=self.name)):
            return
        on.strong([], self.statement)

    @property
    def statement(self) -> str:
        """The CREATE TYPE, or CREATE DOMAIN."""
        if self.labels is None:
            return compose("CREATE DOMAIN {n:t} AS {d:q}", n=self.name, d=self.domain)
        return compose("CREATE TYPE {n:t} AS ENUM ({l:q})", n=self.name, l=[compose("{v:l}", v=v) for v in self.labels])

    def undo(self) -> Step:
        return DropTypes([self.name])


@operation("drop_types")
@dataclass
class DropTypes(Step):
    """DROP TYPE for types that no column has any more; it fails rather than take a column with it."""

    names: list[str]

    def run(self, on: Runtime) -> None:
        on.strong([], *(compose("DROP TYPE IF EXISTS {n:t}", n=n) for n in self.names))

    def merge(self, other: Step) -> DropTypes | None:
        return DropTypes(self.names + other.names) if isinstance(other, DropTypes) else None
