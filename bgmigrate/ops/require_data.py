"""What the rows must be like before anything changes: asked on the real data, with samples, and without a lock.

Other tools find out in the middle: pgroll and Alembic fail while a constraint is validated, with the schema half changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import psycopg

from bgmigrate.errors import Refused
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

KEY = (
    "SELECT array_agg(a.attname::text ORDER BY k.n) FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(attnum, n)"
    " JOIN pg_attribute a USING (attnum) WHERE i.indrelid = to_regclass(%s) AND i.indisprimary AND a.attrelid = i.indrelid"
)


@operation("require_data")
@dataclass
class RequireData(Step):
    """Refuse, with their number and five keys, while there are rows of `table` that `unless` selects. Reads the table; locks nothing.

    `unless`: an SQL condition over the table (named by its own name), true for a row that stands in the way. `what`: what is wrong with such rows,
    as words that follow "3 rows of users ". `code`: the finding's code.
    """

    may_refuse: ClassVar[bool] = True

    table: str
    unless: str
    what: str
    code: str = "BGM505"
    advice: str = ""

    def run(self, on: Runtime) -> None:
        if on.offline or not on.exists(self.table):
            return
        if found := self.offenders(on):
            count, keys = found
            raise Refused(
                f"{count:,} row{'s' if count > 1 else ''} of {self.table} {self.what}: {', '.join(keys)}{', …' if count > len(keys) else ''}",
                why="The new version's rules do not allow them. Nothing was changed.",
                next=self.advice or "Mend these rows, then run the same command again.", code=self.code,
            )

    def offenders(self, on: Runtime) -> tuple[int, list[str]] | None:
        """How many rows stand in the way, and up to five of their primary keys (or ctids)."""
        rows = on.fetch(KEY, compose("{t:t}", t=self.table))
        key = [compose("{c:i}::text", c=c) for c in rows[0][0] or []] if rows and rows[0][0] else ["ctid::text"]
        query = compose(
            "SELECT count(*) OVER (), concat_ws(', ', {k:q}) FROM {t:t} WHERE {u:q} LIMIT 5", k=key, t=self.table, u=self.unless
        )
        try:
            found = on.fetch(query)
        except (psycopg.ProgrammingError, psycopg.DataError) as error:
            raise Refused(
                f"{self.table} cannot be asked: {error.diag.message_primary}: {self.unless}",
                why="The condition would be met by every row's write. Nothing was changed.", next="Correct the hint, and plan again.", code="BGM904",
            ) from error
        return (found[0][0], [r[1] for r in found]) if found else None
