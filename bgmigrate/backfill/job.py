"""What a worker needs that has no revision file at hand: it travels in the journal, so that any process may help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bgmigrate.backfill.batch import Batch, Rewrite
from bgmigrate.backfill.keys import Key, key_of
from bgmigrate.backfill.layout import scattered
from bgmigrate.backfill.transform import Transform
from bgmigrate.database import Connection

_WITHIN = "/* the batch's rows */ true"  # stands in the statement where the range's condition will


@dataclass(frozen=True, kw_only=True)
class Job:
    """`statement`: a batch's, with a mark for its range. `prepare`: run once in a worker's session. `key`: None for a table that has none.

    `columns`: those of `table` that the statement writes; empty when it writes another table. `transform`: what makes the values instead of a
    statement. `by_page`: the rows are visited page by page, for the key says nothing about where they stand.
    """

    table: str
    statement: str
    prepare: tuple[str, ...]
    columns: tuple[str, ...]
    key: Key | None
    transform: Transform | None = None
    by_page: bool = False

    @classmethod
    def of(cls, connection: Connection, batch: Batch, prepare: Sequence[str] = (), begun: Job | None = None) -> Job:
        """The job of a batch on the table as it is now. `begun`: what is at it already; the positions it has recorded are to stay positions."""
        transform = getattr(batch, "transform", None)
        if begun:
            key, by_page = begun.key, begun.by_page
        else:
            key = key_of(connection, batch.table)
            by_page = key is not None and bool(batch.columns) and transform is None and scattered(connection, batch.table, key)
        if isinstance(batch, Rewrite) and (by_page or key is None):
            batch = replace(batch, inputs={})  # it is swept until nothing is found
        return cls(
            table=batch.table, statement=batch.statement(_WITHIN), prepare=tuple(prepare), columns=tuple(batch.columns),
            key=key, transform=transform, by_page=by_page,
        )

    @classmethod
    def read(cls, data: dict[str, Any]) -> Job:
        """The job that the journal holds."""
        key, transform = data["key"], data.get("transform")
        return cls(
            table=data["table"], statement=data["statement"], prepare=tuple(data["prepare"]), columns=tuple(data["columns"]),
            key=Key(columns=tuple(key["columns"]), types=tuple(key["types"])) if key else None,
            transform=Transform.read(transform) if transform else None, by_page=data.get("by_page", False),
        )

    def as_json(self) -> dict[str, Any]:
        """What the journal holds of it."""
        return asdict(self)

    @property
    def along(self) -> Key | None:
        """The key along which the rows are visited; None where it goes page by page."""
        return None if self.by_page else self.key

    def batch(self, within: str) -> str:
        """The statement for the rows within a condition."""
        return self.statement.replace(_WITHIN, within)
