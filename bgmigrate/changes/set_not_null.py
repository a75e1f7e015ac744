"""A column of both versions that green forbids to be NULL.

Strong_migrations and squawk know the CHECK that proves it, and leave blue's NULLs to you; pgroll wants a second column. Ours puts a value in
the place of each NULL, of blue's writes too, in the column itself, and proves it when blue is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Column
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.demands import Demand, asked, of_column
from bgmigrate.changes.difference import Differences
from bgmigrate.findings import Finding
from bgmigrate.ops import BackfillRows, StopSynchronizing, SynchronizeColumns


@dataclass(frozen=True, kw_only=True)
class SetNotNull(Change):
    """With a value: a trigger that fills blue's NULLs and a backfill in expand. Without one: a demand. SET NOT NULL in contract."""

    kind: ClassVar[str] = "set_not_null"
    rank: ClassVar[int] = 55
    page: ClassVar[Page] = Page(
        blue="Writes NULL as before; where there is a value for it, it reads that value instead.",
        green="Reads no NULL where there is a value. NOT NULL holds from contract on.",
        wrong=(
            "Without a value (`forward`, a server default, a constant default in green's model) green reads the NULLs that blue still writes.",
            "Contract refuses while there are NULLs, with their number and five keys.",
            "A `forward` that gives NULL, or fails, leaves the NULL: the closing check counts such rows, and contract refuses.",
            "Rollback keeps the values that have taken the place of NULLs.",
        ),
    )

    value: str | None
    trusted: bool  # does blue's own model forbid NULL as well?
    demand: Demand

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out = []
        for d in differences.all("not null"):
            table = differences.green.tables[d.table or ""]
            column = table.columns[d.name]
            renamed = d.name in differences.renames.get(table.key, {})  # blue's NULLs would be its old column's
            if not d.want or renamed or column.identity or column.generated or column.serial:
                continue
            differences.take(d)
            blue = differences.blue.tables.get(table.key) if differences.blue else None
            model = blue.columns.get(d.name) if blue else None
            out.append(
                cls(
                    table=table.key, column=d.name, value=value_of(differences, table.key, column), trusted=bool(model and not model.nullable),
                    demand=of_column(differences, table.key, d.name),
                )
            )
        return out

    def expand(self) -> list[Planned]:
        assert self.table and self.column
        if self.value is None:
            return asked(self.demand, early=True)
        values = {self.column: self.value}
        fill = self.filled(BackfillRows(self.table, missing=values))
        if self.trusted:
            return [fill]
        sync = SynchronizeColumns(self.table, self.sync_name, fill=values)
        why = f"{self.column}: blue's NULLs become {self.value}. ACCESS EXCLUSIVE for an instant, no row is touched."
        return [Planned(stage=Stage.SYNCHRONIZE, step=sync, because=(why,)), fill]

    def contract(self) -> list[Planned]:
        assert self.table and self.column
        steps = [*asked(self.demand), self.required()]
        if self.value is not None and not self.trusted:
            why = f"{self.column}: blue is gone, and its trigger goes. ACCESS EXCLUSIVE for an instant."
            steps.append(Planned(stage=Stage.SWAP, step=StopSynchronizing(self.table, self.sync_name), because=(why,)))
        return steps

    def warnings(self) -> list[Finding]:
        if self.value is not None or self.trusted:
            return []
        assert self.table and self.column
        return [nothing_takes_its_place(self.table, self.column)]


def nothing_takes_its_place(table: str, column: str) -> Finding:
    """The warning for a column that is to be NOT NULL while blue's NULLs have no value that stands for them."""
    return Finding(
        code="BGM207", severity="warning", table=table, column=column,
        what=f"until contract blue may write NULL into {table}.{column}, which green's model does not expect",
        why="Nothing says what would take the NULL's place, so the column stays nullable for as long as blue writes.",
        next=f'Give a value: mapped_column(info={{"bgmigrate": {{"forward": "…SQL over {table}…"}}}}), a server_default or a constant'
        f" default. Without one contract refuses while there are NULLs in {column}.",
    )


def value_of(differences: Differences, table: str, column: Column) -> str | None:
    """What takes the place of a NULL: the hint's, else the column's own default, else the one that green's Python fills in."""
    hinted = differences.hints.forward.get((table, column.name))
    if hinted is not None or column.default is not None:
        return hinted if hinted is not None else column.default
    model = differences.model(table, column.name)
    return model.default["sql"] if model and model.default and model.default.get("kind") == "scalar" else None
