"""Tables that only the new version knows, and those that nobody knows any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bgmigrate.naming import ident
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import column_comment
from bgmigrate.ops.heirs import linked
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose


@operation("build_table")
@dataclass
class BuildTable(Step):
    """CREATE TABLE with its own constraints and indexes. Nothing else is locked: foreign keys are added by steps of their own."""

    table: str
    columns: dict[str, str]
    constraints: dict[str, str] = field(default_factory=dict)
    indexes: list[str] = field(default_factory=list)
    options: str = ""
    comment: str | None = None
    comments: dict[str, str] = field(default_factory=dict)

    def run(self, on: Runtime) -> None:
        if not on.offline and on.exists(self.table):
            return  # created whole, in one transaction, or not at all
        lines = [f"{ident(c)} {d}" for c, d in self.columns.items()] + [f"CONSTRAINT {ident(n)} {d}" for n, d in self.constraints.items()]
        on.strong(
            [],
            compose("CREATE TABLE {t:t} (\n    {l:q}\n){o:q}", t=self.table, l=",\n    ".join(lines), o=f" {self.options}" if self.options else ""),
            *self.indexes,
            *([compose("COMMENT ON TABLE {t:t} IS {c:l}", t=self.table, c=self.comment)] if self.comment else []),
            *(column_comment(self.table, c, m) for c, m in self.comments.items()),
        )

    def undo(self) -> Step:
        return DropTables([self.table])


@operation("drop_tables")
@dataclass
class DropTables(Step):
    """DROP TABLE, all in one statement so that foreign keys among them do not matter. ACCESS EXCLUSIVE on them and on what they reference."""

    tables: list[str]

    def run(self, on: Runtime) -> None:
        names = [compose("{t:t}", t=t) for t in self.tables]
        on.strong(linked(on, self.tables), compose("DROP TABLE IF EXISTS {t:q}", t=names), lock="ACCESS EXCLUSIVE")

    def removes(self) -> Iterable[tuple[str, str | None]]:
        return [(t, None) for t in self.tables]

    def merge(self, other: Step) -> DropTables | None:
        return DropTables(self.tables + other.tables) if isinstance(other, DropTables) else None
