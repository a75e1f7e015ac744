"""Ways to fill a new column of a table that has rows: one UPDATE, and ours (`pgroll` has its own); each on a fresh copy of the same table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bgmigrate import journal
from bgmigrate.database import Connection
from bgmigrate.journal import backfills
from bgmigrate.ops import BackfillRows, SynchronizeColumns
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings, Settings
from tests.benchmarks.meter import Cost, metered

ROWS = """
CREATE TABLE source AS SELECT {key} AS id, md5(i::text) || '@example.org' AS email, 'name ' || i * 7 % 999983 AS name,
       'city ' || i % 1000 AS city, repeat('note ', 6) AS note, now() - i * interval '1 s' AS created_at FROM generate_series(1, {rows}) i
"""
INDEXES = "CREATE INDEX ON t (email); CREATE INDEX ON t (created_at);"


@dataclass(frozen=True, kw_only=True)
class Table:
    """The table that every way is measured on."""

    rows: int
    indexes: bool = True
    analyzed: bool = True
    key: str = "i::bigint"  # of the i-th row; rows stand in the order of their numbers

    def source(self, c: Connection) -> None:
        """Make the rows, once."""
        c.execute("DROP TABLE IF EXISTS source")
        c.execute(ROWS.format(rows=self.rows, key=self.key).encode())

    def fresh(self, c: Connection) -> None:
        """Make the table anew, packed as it is after a restore."""
        c.execute("DROP TABLE IF EXISTS t CASCADE")
        c.execute("CREATE TABLE t (LIKE source INCLUDING ALL)")
        c.execute("INSERT INTO t SELECT * FROM source ORDER BY created_at DESC")
        c.execute("ALTER TABLE t ADD PRIMARY KEY (id)")
        if self.indexes:
            c.execute(INDEXES.encode())
        c.execute("VACUUM ANALYZE t" if self.analyzed else "VACUUM t")


def single_update(c: Connection, url: str) -> None:
    """One statement, which locks every row until it ends."""
    c.execute("UPDATE t SET full_name = upper(name)")


def ours(workers: int = 1, target: float = 0.05) -> Callable[[Connection, str], None]:
    """The operations that a revision is written in."""

    def run(c: Connection, url: str) -> None:
        runtime(c, url, workers, target, BackfillRows("t", missing={"full_name": "upper(name)"}))

    return run


def runtime(c: Connection, url: str, workers: int, target: float, step: SynchronizeColumns | BackfillRows) -> None:
    """Run an operation as `expand` does."""
    settings = Settings(directory=Path(), expand=ExpandSettings(workers=workers, batch_target=target))
    on = Runtime(c, url, settings, Progress(-1), {})
    on.revision = "bench"
    step.run(on)


def prepare_ours(c: Connection, url: str, backward: str = "") -> None:
    """The column and its trigger. `backward`: what the old column becomes of the new one."""
    journal.ensure(url)
    backfills.forget(c, "bench")
    back = {"name": backward} if backward else {}
    runtime(c, url, 1, 0.05, SynchronizeColumns("t", "zz_bgm_full_name", add={"full_name": "text"}, forward={"full_name": "upper(name)"}, backward=back))


def prepare_both_ways(c: Connection, url: str) -> None:
    """The column and a trigger that keeps the old one in step too, as a rename's does."""
    prepare_ours(c, url, "lower(full_name)")


def prepare_update(c: Connection, url: str) -> None:
    """The column."""
    c.execute("ALTER TABLE t ADD COLUMN full_name text")


def cost(c: Connection, url: str, table: Table, prepare: Callable[[Connection, str], None], work: Callable[[Connection, str], None]) -> Cost:
    """What one way costs on a fresh table. Raises AssertionError when it has left a row out."""
    table.fresh(c)
    prepare(c, url)
    c.execute("CHECKPOINT")
    with metered(c, "t") as spent:
        work(c, url)
    left = c.execute("SELECT count(*) FROM t WHERE full_name IS DISTINCT FROM upper(name)").fetchone()
    assert left == (0,), left
    return spent


