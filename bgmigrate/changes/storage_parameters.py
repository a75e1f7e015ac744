"""Storage parameters (`postgresql_with`) of a table or an index: fillfactor, autovacuum's and the like.

Alembic does not compare them. Ours sets them in the catalog, for an index too, which other tools build anew; what would have to write the
table elsewhere (UNLOGGED, a tablespace, an access method, partitions) is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from bgmigrate.catalog import Index
from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Difference, Differences, NotPossible
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import SetParameters, set_parameters

_PLACES = {"persistence": "UNLOGGED or not", "tablespace": "the tablespace", "access method": "the access method", "partitioning": "the partitioning"}


@dataclass(frozen=True, kw_only=True)
class StorageParameters(Change):
    """ALTER TABLE (or INDEX) ... SET in expand."""

    kind: ClassVar[str] = "storage_parameters"
    rank: ClassVar[int] = 55  # before an index with other parameters is taken for another index
    page: ClassVar[Page] = Page(
        blue="Reads and writes as before: how rows are stored is nothing that a statement can notice.",
        green="The same. New parameters hold for pages that are written from now on.",
        wrong=(
            "A model that names parameters names them all: others that somebody set by hand are taken away. One that names none is content with any.",
            "Rows and index pages that are there keep their form until they are written again.",
        ),
    )

    index: str | None
    have: Mapping[str, str]
    want: Mapping[str, str]

    @classmethod
    def claim(cls, differences: Differences) -> Sequence[Self]:
        out, places = [], []
        for d in differences.all("storage parameters"):
            differences.take(d)
            out.append(cls(table=d.table, index=None, have=d.have, want=d.want))
        for d in differences.all("index"):
            if d.table and d.have and d.want and _parameters_alone(differences, d.table, d.name, d.have, d.want):
                differences.take(d)
                out.append(cls(table=d.table, index=d.name, have=d.have.options, want=d.want.options))
        for d in differences.all("persistence", "tablespace", "access method", "partitioning"):
            differences.take(d)
            places.append(_elsewhere(d))
        if places:
            raise Refused(places[0].what, why=places[0].why, next=places[0].next, findings=places)
        return out

    @property
    def subject(self) -> str:
        return ".".join(filter(None, (self.table, self.index)))

    def expand(self) -> list[Planned]:
        assert self.table
        reset = list({**self.have, **self.want}) if self.have else []
        step = SetParameters(self.table, dict(self.want), reset, self.index, dict(self.have))
        return [
            Planned(
                stage=Stage.CATALOG, step=step,
                because=(f"Storage parameters of {self.subject}: SHARE UPDATE EXCLUSIVE for an instant, no row is touched.",),
            )
        ]


def _parameters_alone(differences: Differences, table: str, name: str, have: Index, want: Index) -> bool:
    """Do two definitions differ in their parameters and in nothing else? PostgreSQL says it: with the others it is the same index."""
    if have.options == want.options or have.name != want.name:
        return False
    try:
        after = differences.on_heads.after(set_parameters(table, want.options, list({**have.options, **want.options}), name), tables={table})
    except NotPossible:
        return False
    return after.tables[table].indexes[name].definition == want.definition


def _elsewhere(d: Difference) -> Finding:
    have, want = ("UNLOGGED" if v == "u" else "logged" if v == "p" else v or "the default" for v in (d.have, d.want))
    return Finding(
        code="BGM118", table=d.table, what=f"{d.table}: {_PLACES[d.what]} cannot be changed in place ({have} to {want})",
        why="PostgreSQL would write the whole table anew under ACCESS EXCLUSIVE: nobody could read or write for as long as it takes.",
        next=f"Make a new table of that form beside it, or change {d.table} in a maintenance window by a revision of your own before this release.",
    )
