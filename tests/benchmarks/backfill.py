"""What filling a new column costs: ours, one UPDATE of the whole table, and pgroll's published loop, on copies of one table; and who notices."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bgmigrate.database import Connection, connect
from tests.benchmarks import flat, pgroll
from tests.benchmarks import rewriting as way
from tests.benchmarks.load import Load, quantile
from tests.benchmarks.meter import Cost, backend_cpu
from tests.benchmarks.settled import LITTLE, settled
from tests.servers import Server

TRIGGER_STATEMENTS = """
DO $$ DECLARE i int; BEGIN
FOR i IN 1..{n} LOOP {statement} END LOOP; END $$
"""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table: what was measured, ours, what it is compared with, the ratio, and the limit that was promised for it."""

    what: str
    ours: str
    against: str
    ratio: float
    limit: str

TURNS = 3  # of what is measured by the clock on the wall: the median counts, for the machine is shared


def measure(base: Server, rows: int) -> Iterator[Figure]:
    """Every figure, on tables of `rows` rows."""
    with settled(base) as server:
        with server.database("bench") as url, connect(url, purpose="bench") as c:
            yield from _indexed(c, url, way.Table(rows=rows))
            yield from _bare(c, url, way.Table(rows=rows, indexes=False))
            yield from _scattered(c, url, way.Table(rows=rows, key="gen_random_uuid()"))
            yield from _beside(c, url, way.Table(rows=rows))
            yield from _trigger(c, url, 3_000 if rows < 1_000_000 else 20_000)
        for analyzed in (True, False):
            yield from _flat(server, rows, "fresh statistics" if analyzed else "no statistics", analyzed=analyzed)
    if base.kind != "dsn":
        with settled(base, shared_buffers=LITTLE) as server:
            yield from _flat(server, rows, f"{LITTLE} of buffers", promised="")


def _indexed(c: Connection, url: str, table: way.Table) -> Iterator[Figure]:
    table.source(c)
    update = way.cost(c, url, table, way.prepare_update, way.single_update)
    loop = way.cost(c, url, table, pgroll.prepare, pgroll.loop)
    ours = way.cost(c, url, table, way.prepare_ours, way.ours())
    n = f"{table.rows:,} rows, two indexes: "

    def rate(cost: Cost) -> float:
        return table.rows / cost.cpu

    yield Figure(what=n + "rows a CPU-second", ours=f"{rate(ours):,.0f}", against=f"one UPDATE {rate(update):,.0f}", ratio=rate(ours) / rate(update), limit="≥ 1.3")
    yield Figure(what=n + "rows a CPU-second", ours=f"{rate(ours):,.0f}", against=f"pgroll's loop {rate(loop):,.0f}", ratio=rate(ours) / rate(loop), limit="≥ 2.5")
    for what, limit, part in (("WAL, MB", "≤ 0.65", "wal"), ("table growth, MB", "≤ 0.35", "table"), ("index growth, MB", "≤ 0.1", "indexes")):
        mine, its = getattr(ours, part) / 2**20, getattr(update, part) / 2**20
        yield Figure(what=n + what, ours=f"{mine:,.0f}", against=f"one UPDATE {its:,.0f}", ratio=mine / max(its, 0.01), limit=limit)


def _bare(c: Connection, url: str, table: way.Table) -> Iterator[Figure]:
    ways = {
        "one UPDATE": (way.prepare_update, way.single_update), "pgroll's loop": (pgroll.prepare, pgroll.loop),
        "one worker": (way.prepare_ours, way.ours()), "two workers": (way.prepare_ours, way.ours(2)),
        "a two-way trigger in place": (way.prepare_both_ways, way.ours()), "pgroll's loop with both its triggers": (pgroll.prepare_both_ways, pgroll.loop),
    }
    turns = [{name: way.cost(c, url, table, *how).seconds for name, how in ways.items()} for _ in range(TURNS)]
    took = {name: statistics.median(turn[name] for turn in turns) for name in ways}
    n = f"{table.rows:,} rows, no index beside the key: "
    for what, ours, theirs, limit in (
        ("rows/s", "one worker", "one UPDATE", "≥ 0.8"), ("rows/s", "one worker", "pgroll's loop", "≥ 3"),
        ("rows/s, two workers", "two workers", "one worker", "> 1"), ("rows/s, two-way trigger", "a two-way trigger in place", "one UPDATE", ""),
        ("rows/s, two-way trigger", "a two-way trigger in place", "pgroll's loop with both its triggers", ""),
    ):
        mine, its = table.rows / took[ours], table.rows / took[theirs]
        ratio = statistics.median(turn[theirs] / turn[ours] for turn in turns)  # what was measured side by side is compared
        yield Figure(what=n + what, ours=f"{mine:,.0f}", against=f"{theirs} {its:,.0f}", ratio=ratio, limit=limit)


def _scattered(c: Connection, url: str, table: way.Table) -> Iterator[Figure]:
    table.source(c)
    update = way.cost(c, url, table, way.prepare_update, way.single_update)
    ours = way.cost(c, url, table, way.prepare_ours, way.ours())
    n = f"{table.rows:,} rows, random uuid key, two indexes: "
    mine, its = table.rows / ours.cpu, table.rows / update.cpu
    yield Figure(what=n + "rows a CPU-second", ours=f"{mine:,.0f}", against=f"one UPDATE {its:,.0f}", ratio=mine / its, limit="≥ 1")
    yield Figure(
        what=n + "WAL, MB", ours=f"{ours.wal / 2**20:,.0f}", against=f"one UPDATE {update.wal / 2**20:,.0f}", ratio=ours.wal / update.wal, limit="≤ 1"
    )


def _beside(c: Connection, url: str, table: way.Table) -> Iterator[Figure]:
    table.source(c)
    transactions, p99 = 0, list[tuple[float, float]]()
    longest, still = list[float](), list[float]()
    for _ in range(TURNS):
        table.fresh(c)
        way.prepare_ours(c, url)
        c.execute("CHECKPOINT")
        with Load(url, table.rows) as load:
            load.during(1.0)  # connections, caches
            idle = load.during(5.0)
            way.ours()(c, url)
            busy = load.during()
        assert not load.errors, load.errors[:3]
        transactions += len(busy)
        p99.append((quantile(busy, 0.99), quantile(idle, 0.99)))
        longest.append(quantile(busy, 1))
        still.append(quantile(idle, 1))
    n = f"readers and writers beside it, {transactions:,} transactions, no error: "
    mine, its = sorted(p99, key=lambda both: both[0] / both[1])[TURNS // 2]
    yield Figure(what=n + "p99, ms", ours=f"{mine:.1f}", against=f"undisturbed {its:.1f}", ratio=mine / its, limit="≤ 3")
    usual, worst = statistics.median(longest), max(longest)
    against = f"limit 50; worst turn {worst:.0f}; undisturbed {statistics.median(still):.0f}, {max(still):.0f}"
    yield Figure(what=n + "longest, ms", ours=f"{usual:.0f}", against=against, ratio=usual / 50, limit="≤ 1")


def _trigger(c: Connection, url: str, statements: int) -> Iterator[Figure]:
    """CPU time of single-row statements with our trigger in place, against none."""
    kinds = {
        "UPDATE of a synced column": ("UPDATE t SET name = 'n' || i WHERE id = i;", "≤ 1.4"),
        "UPDATE of another column": ("UPDATE t SET city = 'c' || i WHERE id = i;", "≤ 1.1"),
        "INSERT": ("INSERT INTO t (id, email, name, created_at) VALUES (10000000 + i, 'e' || i, 'n' || i, now());", "≤ 1.4"),
    }
    table = way.Table(rows=statements)
    table.source(c)
    for what, (statement, limit) in kinds.items():
        ways, tries = {"none": way.prepare_update, "the trigger": way.prepare_ours, "a rename's trigger": way.prepare_both_ways}, 5
        runs = [{name: _spent(c, url, table, prepare, statement) for name, prepare in ways.items()} for _ in range(tries)]  # by turns: the machine is shared
        spent = {name: min(run[name] for run in runs) for name in ways}
        for name in list(ways)[1:]:
            ratio = spent[name] / spent["none"]
            yield Figure(what=f"{name} in place, {what}, CPU µs", ours=f"{spent[name]:.1f}", against=f"none {spent['none']:.1f}", ratio=ratio, limit=limit)


def _spent(c: Connection, url: str, table: way.Table, prepare: Callable[[Connection, str], None], statement: str) -> float:
    table.fresh(c)
    prepare(c, url)
    before = backend_cpu(c)
    c.execute(TRIGGER_STATEMENTS.format(n=table.rows, statement=statement).encode())
    return (backend_cpu(c) - before) / table.rows * 1e6


def _flat(server: Server, rows: int, where: str, *, analyzed: bool = True, promised: str = "≥ 0.9") -> Iterator[Figure]:
    small, large = (100_000, 5_000_000) if rows >= 1_000_000 else (50_000, 250_000)
    found = flat.measure(server, small, large, analyzed=analyzed)
    n = f"{large:,} rows, {where}: "
    yield Figure(what=n + "rows/s", ours=f"{found.large:,.0f}", against=f"{small:,} rows {found.small:,.0f}", ratio=found.large / found.small, limit=promised)
    yield Figure(
        what=n + "peak memory, MB", ours=f"{found.large_peak:.0f}", against=f"{small:,} rows {found.small_peak:.0f}",
        ratio=found.large_peak / found.small_peak, limit="+ 20 MB",
    )
