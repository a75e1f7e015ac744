"""Ask every row of a table whether it is wrong: in short reads along its key, so that no snapshot is held for long, and resumable.

A row that was right stays right while its sync trigger is in place, so what was asked before an interruption need not be asked again; unless blue has
written since what `forward` cannot take. So a position counts only under the circumstances that its caller names (`basis`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bgmigrate.backfill.along_key import Keys
from bgmigrate.backfill.keys import Key, key_of
from bgmigrate.backfill.pace import Pace
from bgmigrate.database import Connection
from bgmigrate.journal import audits
from bgmigrate.naming import split
from bgmigrate.progress import Progress
from bgmigrate.sql import compose, load

FIRST, MOST = 20_000, 2_000_000  # rows in a slice
TARGET = 1.0  # seconds that one may take
SAMPLE = 5  # keys of wrong rows
SAVED = 5.0  # seconds between two records of the position


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a wrong row is: one for which the condition holds and, if there are such, PL/pgSQL statements over it as `bgm_is` return true.

    `fails`: where the statements fail the row is wrong, too; a query whose condition failed would say nothing of the rest.
    """

    condition: str = "true"
    body: str = ""
    declare: str = ""
    fails: bool = True


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """How many rows a question found, and some of their keys."""

    rows: int
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The rows that were asked, those of an interrupted audit that this one goes on with included, and what each question found."""

    rows: int
    wrong: tuple[Wrong | None, ...]


def audit(
    connection: Connection, table: str, questions: Sequence[Question], *, say: Progress | None = None, resumes: bool = False, basis: str = "",
) -> Audit:
    """Ask each row of a table every question. A table without a key is read in one piece: its rows move between pages while they are updated.

    `resumes`: keep the position in the journal while nothing wrong is found, and go on from there. Only for a connection in autocommit, which
    also ends each slice's snapshot with it. `basis`: under which circumstances the position was reached; under others all is asked anew.
    """
    asked = _Asked(connection, table, questions)
    try:
        key = key_of(connection, table)
        return _walk(asked, Keys(table, key), say, resumes, basis) if key else asked.slice("true", None)
    finally:
        asked.forget()


class _Asked:
    """The questions as functions of this session."""

    def __init__(self, connection: Connection, table: str, questions: Sequence[Question]) -> None:
        self.connection, self.table, self.questions = connection, table, questions
        self.names = [f"bgm_wrong_{n}" for n in range(len(questions))]
        for name, q in zip(self.names, questions, strict=True):
            if q.body:
                fails = "true" if q.fails else "false"
                connection.execute(load("audit_row", name=name, table=table, declare=q.declare, body=q.body, fails=fails).encode())

    def slice(self, within: str, key: Key | None) -> Audit:
        """Ask the rows for which `within` holds."""
        alias = split(self.table)[1]
        conditions = [
            compose("({c:q}) AND pg_temp.{f:i}({a:i}.*)" if q.body else "({c:q})", c=q.condition, f=name, a=alias)
            for name, q in zip(self.names, self.questions, strict=True)
        ]
        counts = ", ".join(compose("count(*) FILTER (WHERE {c:q})", c=c) for c in conditions)
        head = compose("FROM {t:t} AS {a:i} WHERE {w:q}", t=self.table, a=alias, w=within)
        row = self.connection.execute(compose("SELECT count(*), {c:q} {h:q}", c=counts, h=head).encode()).fetchone()
        assert row is not None
        return Audit(rows=row[0], wrong=tuple(
            Wrong(rows=n, keys=self._keys(head, condition, key)) if n else None for n, condition in zip(row[1:], conditions, strict=True)
        ))

    def forget(self) -> None:
        """Take the functions away: they would keep the table from being dropped."""
        if not self.connection.closed and self.connection.info.transaction_status.name != "INERROR":
            for name in self.names:
                self.connection.execute(compose("DROP FUNCTION IF EXISTS pg_temp.{n:i}({t:t})", n=name, t=self.table).encode())

    def _keys(self, head: str, condition: str, key: Key | None) -> tuple[str, ...]:
        query = compose("SELECT {k:q} {h:q} AND {c:q} LIMIT {n:l}", k=key.as_text if key else "ctid::text", h=head, c=condition, n=SAMPLE)
        return tuple(", ".join(map(str, r)) for r in self.connection.execute(query.encode()).fetchall())


def _walk(asked: _Asked, walk: Keys, say: Progress | None, resumes: bool, basis: str) -> Audit:
    c, table, began = asked.connection, asked.table, time.monotonic()
    digest = hashlib.sha256(repr((walk.key, asked.questions, basis)).encode()).hexdigest()
    kept = audits.begun(c, table, digest) if resumes else None
    if kept and say:
        say.step(f"  {table}: going on with the check of {kept.rows:,} rows that was interrupted")
    upper = kept.upper if kept else walk.top(c)
    after, rows = (kept.after, kept.rows) if kept else (None, 0)
    low = walk.bottom(c) if say and upper else None
    wrong: list[Wrong | None] = [None] * len(asked.questions)
    pace, saved = Pace(TARGET, size=FIRST, largest=MOST), began
    while upper and after != upper:
        at, size = time.monotonic(), pace.size
        (end,) = walk.ends(c, after, upper, size, 1)
        part = asked.slice(walk.within(after, end), walk.key)
        after, rows = end, rows + part.rows
        wrong = [_and(a, b) for a, b in zip(wrong, part.wrong, strict=True)]
        pace.took(time.monotonic() - at, size)
        if say:
            rate = (rows - (kept.rows if kept else 0)) / (time.monotonic() - began)
            say.advance(f"checking {table}", rows, walk.share(low, after, upper, rows, 0), rate)
        if resumes and not any(wrong) and time.monotonic() - saved > SAVED:  # what is wrong will be mended, and all is asked anew
            audits.keep(c, table, digest, after=after, upper=upper, rows=rows)
            saved = time.monotonic()
    if resumes and (kept or saved != began):
        audits.end(c, table)
    if say:
        say.done()
    return Audit(rows=rows, wrong=tuple(wrong))


def _and(one: Wrong | None, other: Wrong | None) -> Wrong | None:
    if one is None or other is None:
        return one or other
    return Wrong(rows=one.rows + other.rows, keys=(one.keys + other.keys)[:SAMPLE])
