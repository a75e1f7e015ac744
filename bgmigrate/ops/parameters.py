"""Storage parameters of tables and indexes: how PostgreSQL is to keep them, which no statement of either version can notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bgmigrate.naming import index_key
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose


def assigned(parameters: Mapping[str, str]) -> str:
    """What stands between the parentheses of WITH (...) and SET (...)."""
    return ", ".join(compose("{n:q} = {v:l}", n=n, v=v) for n, v in parameters.items())


@operation("set_parameters")
@dataclass
class SetParameters(Step):
    """SET storage parameters of a table, or of its index. SHARE UPDATE EXCLUSIVE for an instant; rows that are there are not touched.

    `reset`: parameters that are taken away first, in the same statement, so that the rest stand in the order in which the model has them.
    """

    table: str
    parameters: dict[str, str]
    reset: list[str] = field(default_factory=list)
    index: str | None = None
    was: dict[str, str] = field(default_factory=dict, metadata={"written": False})

    def run(self, on: Runtime) -> None:
        on.strong([self.table], set_parameters(self.table, self.parameters, self.reset, self.index))

    def undo(self) -> Step:
        return SetParameters(self.table, self.was, list(self.parameters), self.index)


def set_parameters(table: str, parameters: Mapping[str, str], reset: list[str], index: str | None = None) -> str:
    """The ALTER TABLE, or ALTER INDEX."""
    kind, name = ("INDEX", index_key(table, index)) if index else ("TABLE", table)
    actions = [compose("RESET ({n:q})", n=reset)] if reset else []
    actions += [compose("SET ({p:q})", p=assigned(parameters))] if parameters else []
    return compose("ALTER {k:q} {n:t} {a:q}", k=kind, n=name, a=actions)
