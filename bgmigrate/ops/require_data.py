"""What the rows must be like before anything changes: asked on the real data, with samples, and without a lock.

Other tools find out in the middle: pgroll and Alembic fail while a constraint is validated, with the schema half changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import psycopg

from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.locking import set_local
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.runtime import Runtime
from bgmigrate.sql import compose

KEY = (
    "SELECT array_agg(a.attname::text ORDER BY k.n) FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(attnum, n)"
    " JOIN pg_attribute a USING (attnum) WHERE i.indrelid = to_regclass(%s) AND i.indisprimary AND a.attrelid = i.indrelid"
)


def key_shown(on: Runtime, table: str) -> str:
    """SQL for a row's primary key (or ctid) as findings show it."""
    rows = on.fetch(KEY, compose("{t:t}", t=table))
    key = [compose("{c:i}::text", c=c) for c in rows[0][0] or []] if rows and rows[0][0] else ["ctid::text"]
    return key[0] if len(key) == 1 else compose("'(' || concat_ws(', ', {k:q}) || ')'", k=key)


@operation("require_data")
@dataclass
class RequireData(Step):
    """Refuse, with their number and five keys, while there are rows of `table` that `unless` selects. Reads the table; locks nothing.

    `unless`: an SQL condition over the table (named by its own name), true for a row that stands in the way. `what`: what is wrong with such rows,
    as words that follow "3 rows of users ". `code`: the finding's code. `only`: rows of tables that inherit from it do not count.
    A table too large to be asked within `expand.data_timeout` is a warning: what would be added is still proved when it is validated.
    """

    may_refuse: ClassVar[bool] = True
    looks: ClassVar[bool] = True

    table: str
    unless: str
    what: str
    code: str = "BGM505"
    advice: str = ""
    only: bool = False

    def run(self, on: Runtime) -> None:
        if on.offline or not on.exists(self.table):
            return
        if found := self.offenders(on):
            finding = Finding(
                code=self.code, table=self.table, what=self.said(*found),
                why="A rule that is to hold from now on does not allow them. Nothing was changed.",
                next=self.advice or "Mend these rows, then run the same command again.",
            )
            raise Refused(finding.what, why=finding.why, next=finding.next, findings=[finding])

    def said(self, count: int, keys: list[str]) -> str:
        """The finding's words: how many rows, what is wrong with them, and which they are."""
        more = ", …" if count > len(keys) else ""
        return f"{count:,} row{'s' if count > 1 else ''} of {self.table} {self.what}: {', '.join(keys)}{more}"

    def offenders(self, on: Runtime) -> tuple[int, list[str]] | None:
        """How many rows stand in the way, and up to five of their primary keys (or ctids); None where there is none, or no answer in time.

        Raises Refused (BGM904) where the server cannot evaluate the condition.
        """
        query = compose(
            "SELECT count(*) OVER (), {s:q} FROM {o:q}{t:t} WHERE {u:q} LIMIT 5",
            s=key_shown(on, self.table), o="ONLY " if self.only else "", t=self.table, u=self.unless,
        )
        try:
            with on.connection.transaction():
                on.connection.execute("SET TRANSACTION READ ONLY")
                set_local(on.connection, statement_timeout=on.settings.expand.data_timeout)
                found = on.connection.execute(query.encode()).fetchall()
        except psycopg.errors.QueryCanceled:
            on.found(self._unanswered(on.settings.expand.data_timeout))
            return None
        except (psycopg.ProgrammingError, psycopg.DataError) as error:
            if isinstance(error, psycopg.errors.InsufficientPrivilege):
                raise
            raise Refused(
                f"{self.table} cannot be asked: {error.diag.message_primary}: {self.unless}",
                why="The condition would be met by every row's write. Nothing was changed.", next="Correct the hint, and plan again.", code="BGM904",
            ) from error
        return (found[0][0], [r[1] for r in found]) if found else None

    def _unanswered(self, seconds: float) -> Finding:
        return Finding(
            code=self.code, severity="warning", table=self.table,
            what=f"the rows of {self.table} that {self.what} could not be counted in {seconds:g} s",
            why="The table is too large to be asked in that time. What is validated later is proved then, and refused if there are any.",
            next="Nothing, or allow more time: expand.data_timeout (BGMIGRATE_EXPAND__DATA_TIMEOUT=10m).",
        )
