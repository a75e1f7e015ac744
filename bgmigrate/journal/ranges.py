"""Who is at work on which range of a backfill: claims with a lease, and tokens that fence off a worker whose range was taken over.

All times are the server's. A batch renews its worker's lease in its own transaction, so a range is exactly as far as its rows are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from bgmigrate.database import Connection

LEASE = 60.0  # seconds; a batch takes a twentieth of one. Who is silent for longer (stopped, cut off) is taken for dead

_TAKE_OVER = """
    UPDATE bgmigrate.backfill_range SET token = token + 1, worker = %s, pid = pg_backend_pid(), lease_until = clock_timestamp() + %s * interval '1 s'
     WHERE id = (SELECT id FROM bgmigrate.backfill_range r
                  WHERE backfill_id = %s AND NOT done
                    AND (lease_until < clock_timestamp() OR NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = r.pid))
                  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, token, after, bounds, stripes, step, together
"""
_CLAIM = """
    INSERT INTO bgmigrate.backfill_range (backfill_id, after, bounds, stripes, together, worker, pid, lease_until)
    VALUES (%s, %s, %s, %s, %s, %s, pg_backend_pid(), clock_timestamp() + %s * interval '1 s')
    RETURNING id, token, after, bounds, stripes, step, together
"""
_HELD = """
    SELECT id, token, after, bounds, stripes, step, together,
           (SELECT coalesce(sum(pg_stat_get_xact_tuples_hot_updated(o)), 0)::bigint FROM unnest(%s::oid[]) o) AS hot
      FROM bgmigrate.backfill_range WHERE id = %s AND token = %s AND NOT done FOR UPDATE
"""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A claimed range: keys beyond `after` up to the last of `bounds`, each part in `stripes` passes. The first pass takes one part at a time, the
    others `together` of them. `step` is the next pass over a part. `hot`: updates that stayed in their page (HOT), as its session had counted
    them when it was held.
    """

    id: int
    token: int
    after: list[str] | None
    bounds: list[list[str]]
    stripes: int
    step: int
    together: int = 1
    hot: int = field(default=0, compare=False)

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.bounds) + (self.stripes - 1) * self._groups

    @property
    def number(self) -> int:
        """The pass that is next, from 0."""
        return 0 if self.step < len(self.bounds) else 1 + (self.step - len(self.bounds)) // self._groups

    @property
    def next(self) -> list[tuple[list[str] | None, list[str]]]:
        """The parts that it passes over, one after the other: keys beyond the one, up to the other."""
        if self.number == 0:
            first = last = self.step
        else:
            first = (self.step - len(self.bounds)) % self._groups * self.together
            last = min(first + self.together, len(self.bounds)) - 1
        return [(self.bounds[n - 1] if n else self.after, self.bounds[n]) for n in range(first, last + 1)]

    @property
    def _groups(self) -> int:
        return -(-len(self.bounds) // self.together)


def take_over(connection: Connection, backfill: int, worker: str) -> Range | None:
    """The oldest range whose worker is dead: its session is gone, or its lease has run out. None when there is none, or it is at work after all."""
    return _one(connection, _TAKE_OVER, (worker, LEASE, backfill))


def claim(
    connection: Connection, backfill: int, worker: str, after: Sequence[str] | None, bounds: Sequence[Sequence[str]], stripes: int, together: int = 1
) -> Range:
    """Record that a worker has this range. The caller holds the backfill's row, so that no other claims the same."""
    made = _one(connection, _CLAIM, (backfill, list(after) if after else None, Jsonb([list(b) for b in bounds]), stripes, together, worker, LEASE))
    assert made is not None
    return made


def held(connection: Connection, range_: Range, relations: Sequence[int] = ()) -> Range | None:
    """The range as it stands, its row locked until the transaction ends; None when it is done or another worker's."""
    return _one(connection, _HELD, (list(relations), range_.id, range_.token))


def advance(connection: Connection, held: Range, *, step: int, rows: int, relations: Sequence[int] = (), seconds: float, done: bool) -> int:
    """Record a batch; to be called inside its own transaction, with what `held` gave there. Returns how many of its updates stayed in their page.

    That is what this session has counted for these tables since then: nothing is reported to the server's statistics, and counted from nought,
    inside a transaction.
    """
    row = connection.execute(
        """
        UPDATE bgmigrate.backfill_range r SET step = %s, rows = rows + %s, hot = r.hot + batch.hot, seconds = seconds + %s, batches = batches + 1,
               done = %s, lease_until = clock_timestamp() + %s * interval '1 s'
          FROM (SELECT coalesce(sum(pg_stat_get_xact_tuples_hot_updated(o)), 0)::bigint - %s AS hot FROM unnest(%s::oid[]) o) batch
         WHERE id = %s RETURNING batch.hot
        """,
        (step, rows, seconds, done, LEASE, held.hot, list(relations), held.id),
    ).fetchone()
    return int(row[0]) if row else 0


def cut(connection: Connection, range_: Range, after: Sequence[str], bounds: Sequence[Sequence[str]], *, rows: int, seconds: float) -> None:
    """Record that a range is done up to a key, and that the rest is to be visited in one pass."""
    connection.execute(
        """
        UPDATE bgmigrate.backfill_range SET after = %s, bounds = %s, stripes = 1, step = 0, done = %s, rows = rows + %s, seconds = seconds + %s,
               batches = batches + 1, lease_until = clock_timestamp() + %s * interval '1 s'
         WHERE id = %s
        """,
        (list(after), Jsonb([list(b) for b in bounds]), not bounds, rows, seconds, LEASE, range_.id),
    )


def release(connection: Connection, range_: Range) -> None:
    """Let anybody go on with it."""
    connection.execute(
        "UPDATE bgmigrate.backfill_range SET lease_until = '-infinity' WHERE id = %s AND token = %s AND NOT done", (range_.id, range_.token)
    )


def fold(connection: Connection, backfill: int) -> None:
    """Add what is done to the backfill's own figures. The caller holds the backfill's row."""
    connection.execute(
        """
        WITH gone AS (DELETE FROM bgmigrate.backfill_range WHERE backfill_id = %(id)s AND done RETURNING rows, batches, hot, seconds),
             sum AS (SELECT sum(rows) AS rows, sum(batches) AS batches, sum(hot) AS hot, sum(seconds) AS seconds FROM gone)
        UPDATE bgmigrate.backfill b SET rows = b.rows + sum.rows, batches = b.batches + sum.batches, hot = b.hot + sum.hot,
               seconds = b.seconds + sum.seconds, sweep = b.sweep + sum.rows
          FROM sum WHERE b.id = %(id)s AND sum.batches IS NOT NULL
        """,
        {"id": backfill},
    )


def unfinished(connection: Connection, backfill: int) -> int:
    """How many ranges are claimed and not done."""
    row = connection.execute("SELECT count(*) FROM bgmigrate.backfill_range WHERE backfill_id = %s AND NOT done", (backfill,)).fetchone()
    assert row is not None
    return int(row[0])


def workers(connection: Connection, backfill: int) -> list[dict[str, Any]]:
    """Who holds ranges now: name, ranges, and whether its lease still runs."""
    rows = connection.execute(
        """
        SELECT worker, count(*), bool_and(lease_until > clock_timestamp() AND EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = r.pid))
          FROM bgmigrate.backfill_range r WHERE backfill_id = %s AND NOT done GROUP BY worker ORDER BY worker
        """,
        (backfill,),
    ).fetchall()
    return [{"worker": w, "ranges": n, "alive": alive} for w, n, alive in rows]


def _one(connection: Connection, query: str, params: Sequence[Any]) -> Range | None:
    with connection.cursor(row_factory=class_row(Range)) as cursor:
        return cursor.execute(query.encode(), params).fetchone()
