"""A column and its successor exchange their names while both versions run, for versions that agree on the new type only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from bgmigrate.database import Connection
from bgmigrate.journal import synchronizations
from bgmigrate.naming import object_name
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import COLUMN, compile_anew, there
from bgmigrate.ops.constraints import add_and_validate
from bgmigrate.ops.heirs import family
from bgmigrate.ops.require_data import RequireData
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.sync import SynchronizeColumns, search_path, trigger
from bgmigrate.sql import compose

WAS = "bgm_was"  # what the old column is called while the two change places


@operation("exchange_columns")
@dataclass
class ExchangeColumns(Step):
    """Give a column's name to its successor `there`, and the other way round, in one transaction: ACCESS EXCLUSIVE for an instant.

    From then on the trigger computes the old one (called `there` now) by `mirror`; `made` is how the column was made of it. `type` is what the
    column has afterwards, `default` its default;
    with `required` it is NOT NULL, proved by a CHECK that is validated before. `undoing`: back to how `synchronize_columns` left them; refused while
    rows hold what the old type cannot take.
    """

    may_refuse: ClassVar[bool] = True

    table: str
    name: str
    column: str
    there: str
    type: str
    mirror: str
    made: str
    default: str | None = None
    required: bool = False
    undoing: bool = False

    def run(self, on: Runtime) -> None:
        place, check = compose("{t:t}", t=self.table), object_name("not_null", self.table, self.there)
        if not on.offline and on.fetch(COLUMN, place, self.column) == [(self.type,)]:
            return
        if self.undoing and not on.offline:
            if self.there not in there(on.connection, self.table):
                return  # the run that was to exchange them did not come so far
            lost = compose("{h:i} IS NULL AND {c:i} IS NOT NULL", h=self.there, c=self.column)
            RequireData(self.table, lost, f"hold a value in {self.column} that {self.type} cannot take", code="BGM917").run(on)
        if self.required:
            add_and_validate(on, self.table, check, compose("CHECK ({c:i} IS NOT NULL)", c=self.there))
        rules = SynchronizeColumns(self.table, self.name, mirror={self.there: self.mirror})
        sync = rules.sync(on)
        types = {**sync.columns, self.column: sync.columns[self.there], self.there: sync.columns[self.column]}
        sync = replace(sync, columns=types)

        def alter(action: str) -> str:
            return compose("ALTER TABLE {t:t} " + action, t=self.table, c=self.column, h=self.there, w=WAS, d=self.default, k=check)

        on.strong(
            family(on, self.table),
            *(compose("DROP TRIGGER IF EXISTS {n:i} ON {t:t}", n=self.name, t=t) for t in family(on, self.table)),
            alter("ALTER COLUMN {c:i} DROP DEFAULT, ALTER COLUMN {c:i} DROP NOT NULL"),
            alter("RENAME COLUMN {c:i} TO {w:i}"), alter("RENAME COLUMN {h:i} TO {c:i}"), alter("RENAME COLUMN {w:i} TO {h:i}"),
            # one ALTER TABLE that did both would drop the CHECK before it could prove anything, and scan the table
            *([alter("ALTER COLUMN {c:i} SET NOT NULL"), alter("DROP CONSTRAINT {k:i}")] if self.required else []),
            *([alter("ALTER COLUMN {c:i} SET DEFAULT {d:q}")] if self.default is not None else []),
            sync.function(self.name, search_path(on)),
            compose("COMMENT ON FUNCTION bgmigrate.{n:i}() IS {s:q}", n=self.name, s="NULL" if self.undoing else "'exchanged'"),
            *(trigger(on, self.name, sync, t) for t in family(on, self.table)),
            compile_anew(self.table),
            lock="ACCESS EXCLUSIVE",
            after=lambda c, _: self._record(on, c),
        )

    def _record(self, on: Runtime, c: Connection) -> None:
        if not on.scratch:
            spec = {"mirror": {self.there: self.mirror}, "mirror_from": {self.there: self.made}}
            synchronizations.record(c, revision=on.revision, table=self.table, trigger=self.name, function=self.name, spec=spec)
