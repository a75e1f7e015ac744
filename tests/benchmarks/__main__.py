"""`python -m tests.benchmarks [--small] [--test-dsn URL]`: run every benchmark and print one table."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from tests import servers
from tests.benchmarks import backfill, plan, rehearse, startup, switch, verify


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--small", action="store_true", help="as CI runs it")
    options.add_argument("--test-dsn", metavar="URL", help="a running server")
    given = options.parse_args()
    table = Table("figure", "bgmigrate", "against", "ratio", "promised", title="benchmarks" + (", small: what is promised is promised for two million rows" if given.small else ""))
    start = startup.seconds(5 if given.small else 20)
    table.add_row("--help, seconds", f"{start['bgmigrate']:.3f}", f"alembic --help {start['alembic']:.3f}", f"{start['bgmigrate'] / start['alembic']:.2f}", "")
    with servers.running("dsn" if given.test_dsn else servers.choose(), given.test_dsn, on_disk=True) as server:
        for figure in backfill.measure(server, 100_000 if given.small else 2_000_000):
            table.add_row(figure.what, figure.ours, figure.against, f"{figure.ratio:.2f}", figure.limit)
        size = plan.measure(server, *((200, 20) if given.small else (1000, 50)))
        table.add_row(
            f"plan, {size.tables:,} tables, {size.differences} differences, seconds", f"{size.plan:.1f}", f"Alembic's comparison {size.alembic:.1f}",
            f"{size.plan / size.alembic:.2f}", "",
        )
        life = rehearse.measure(server)
        table.add_row(
            f"rehearse, ten changes, {life.tried} of {life.of} rollbacks, seconds", f"{life.seconds:.1f}", f"limit {rehearse.LIMIT:.0f}",
            f"{life.seconds / rehearse.LIMIT:.2f}", "≤ 1",
        )
        if (moved := switch.measure(server, 6 if given.small else 40)) is None:
            table.add_row("switch under load: not measured, for there is no haproxy", "", "", "", "")
        else:
            table.add_row(
                f"switch, two HAProxies, median of {moved.switches}, ms", f"{1000 * moved.seconds:.0f}", f"limit {1000 * switch.LIMIT:.0f}",
                f"{moved.seconds / switch.LIMIT:.2f}", "≤ 1",
            )
            table.add_row(
                "failed requests meanwhile", f"{moved.failed} of {moved.requests:,}", f"as many reloads {moved.lost} of {moved.reloaded:,}", "", "0",
            )
        for tables in (50,) if given.small else (50, 250):
            took = verify.measure(server, tables)
            table.add_row(
                f"verify, {tables} tables, seconds beyond loading", f"{took.seconds - took.loading:.1f}", f"limit {verify.LIMITS[tables]:.0f}",
                f"{(took.seconds - took.loading) / verify.LIMITS[tables]:.2f}", "≤ 1",
            )
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
