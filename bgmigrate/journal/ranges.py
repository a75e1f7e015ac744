"""Who is at work on which range of a backfill: claims with a lease, and tokens that fence off a worker whose range was taken over.

All times are the server's. A batch renews its worker's lease in its own transaction, so a range is exactly as far as its rows are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
_HELD = "SELECT id, token, after, bounds, stripes, step, together FROM bgmigrate.backfill_range WHERE id = %s AND token = %s AND NOT done FOR UPDATE"


@dataclass(frozen=True, kw_only=True)
class Range:
    """A claimed range: keys beyond `after` up to the last of `bounds`, each part in `stripes` passes. The first pass takes one part at a time, the
    others `together` of them. `step` is the next pass over a part.
    """

    id: int
    token: int
    after: list[str] | None
    bounds: list[list[str]]
    stripes: int
    step: int
    together: int = 1

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.bounds) + (self.stripes - 1) * self._groups

    @property
    def number(self) -> int:
        """The pass that is next, from 0."""
        return 0 if self.step < len(self.bounds) else 1 + (self.step - len(self.bounds)) // self._groups

    @property
    def parts(self) -> range:
        """Those that it passes over."""
        if self.number == 0:
            return range(self.step, self.step + 1)
        first = (self.step - len(self.bounds)) % self._groups * self.together
        return range(first, min(first + self.together, len(self.bounds)))

    @property
    def next(self) -> tuple[list[str] | None, list[str]]:
        """Their keys: beyond the one, up to the other."""
        return self.bounds[self.parts[0] - 1] if self.parts[0] else self.after, self.bounds[self.parts[-1]]

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


def held(connection: Connection, range_: Range) -> Range | None:
    """The range as it stands, its row locked until the transaction ends; None when it is done or another worker's."""
    return _one(connection, _HELD, (range_.id, range_.token))


def write(connection: Connection, range_: Range, statement: str, *, relations: Sequence[int], done: bool) -> tuple[int, int, float] | None:
    """Run a batch's statement and record it, in one transaction and one message (`sql/write_batch.sql`, which the session has to have).

    Returns the rows that were written, how many of them stayed in their page (HOT) of one of the `relations`, and the seconds that it took. None
    when the range is not at that step any more, or not ours.
    """
    row = connection.execute(
        "SELECT written, stayed, took FROM pg_temp.bgm_write_batch(%s, %s, %s, %s, %s, %s, %s)",
        (range_.id, range_.token, range_.step, LEASE, list(relations), statement, done),
    ).fetchone()
    return None if row is None or row[0] is None else (row[0], row[1], row[2])


def stayed(connection: Connection, relations: Sequence[int]) -> int:
    """How many updates this session has counted that stayed in their page (HOT); inside a transaction the figure only grows."""
    query = "SELECT coalesce(sum(pg_stat_get_xact_tuples_hot_updated(o)), 0)::bigint FROM unnest(%s::oid[]) o"
    row = connection.execute(query, [list(relations)]).fetchone()
    return int(row[0]) if row else 0


def advance(connection: Connection, range_: Range, *, step: int, rows: int, hot: int = 0, seconds: float, done: bool) -> None:
    """Record a batch; to be called inside its own transaction, after `held`."""
    connection.execute(
        """
        UPDATE bgmigrate.backfill_range SET step = %s, rows = rows + %s, hot = hot + %s, seconds = seconds + %s, batches = batches + 1, done = %s,
               lease_until = clock_timestamp() + %s * interval '1 s'
         WHERE id = %s
        """,
        (step, rows, hot, seconds, done, LEASE, range_.id),
    )


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
