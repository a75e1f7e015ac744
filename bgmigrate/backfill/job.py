"""What a worker needs that has no revision file at hand: it travels in the journal, so that any process may help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bgmigrate.backfill.batch import Batch
from bgmigrate.backfill.keys import Key, key_of
from bgmigrate.backfill.transform import Transform
from bgmigrate.database import Connection

_WITHIN = "/* the batch's rows */ true"  # stands in the statement where the range's condition will


@dataclass(frozen=True, kw_only=True)
class Job:
    """`statement`: a batch's, with a mark for its range. `prepare`: run once in a worker's session. `key`: None for a table that has none.

    `columns`: those of `table` that the statement writes; empty when it writes another table. `transform`: what makes the values instead of a
    statement.
    """

    table: str
    statement: str
    prepare: tuple[str, ...]
    columns: tuple[str, ...]
    key: Key | None
    transform: Transform | None = None

    @classmethod
    def of(cls, connection: Connection, batch: Batch, prepare: Sequence[str] = ()) -> Job:
        """The job of a batch on the table as it is now."""
        return cls(
            table=batch.table, statement=batch.statement(_WITHIN), prepare=tuple(prepare), columns=tuple(batch.columns),
            key=key_of(connection, batch.table), transform=getattr(batch, "transform", None),
        )

    @classmethod
    def read(cls, data: dict[str, Any]) -> Job:
        """The job that the journal holds."""
        key, transform = data["key"], data.get("transform")
        return cls(
            table=data["table"], statement=data["statement"], prepare=tuple(data["prepare"]), columns=tuple(data["columns"]),
            key=Key(columns=tuple(key["columns"]), types=tuple(key["types"])) if key else None,
            transform=Transform.read(transform) if transform else None,
        )

    def as_json(self) -> dict[str, Any]:
        """What the journal holds of it."""
        return asdict(self)

    def batch(self, within: str) -> str:
        """The statement for the rows within a condition."""
        return self.statement.replace(_WITHIN, within)
