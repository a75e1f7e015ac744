"""The rehearsal for people: a table of statements, what was felt beside them, and how far each stage came."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bgmigrate.excerpt import excerpt
from bgmigrate.rehearsal.statement import Statement, spoken, strongest

COLUMNS = {
    "phase": 8, "operation": 12, "statement": 36, "strongest lock": 16, "blocks": 6, "work": 12, "here": 6, "live": 7, "codes": 6,
}


def table(statements: Sequence[Statement]) -> list[str]:
    """One row a statement. `live` is an estimate for the live tables."""
    grid = Table(box=None, pad_edge=False, header_style="")
    for name, width in COLUMNS.items():
        grid.add_column(name, justify="right" if name in ("here", "live") else "left", no_wrap=name in ("here", "live"), min_width=width)
    for s in statements:
        lock = strongest(s.every)
        grid.add_row(
            s.phase, s.op, excerpt(" ".join(s.sql.split()), 70), f"{lock.spelt} {lock.relation}" if lock else "", _blocks(s), _work(s),
            spoken(s.seconds), "?" if s.estimate_seconds is None else f"~{spoken(s.estimate_seconds)}", " ".join(s.codes) or s.error[:40],
        )
    out = io.StringIO()
    Console(file=out, width=max(shutil.get_terminal_size((180, 24)).columns, 150), highlight=False, markup=False).print(grid)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def stalls(longest: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """What a reader and a writer of each table had to wait at most."""
    for name, waits in longest.items():
        yield f"longest wait beside it, {name}: " + ", ".join(f"{kind} {spoken(seconds)}" for kind, seconds in sorted(waits.items()))


def _blocks(s: Statement) -> str:
    return "reads, writes" if s.blocks_reads else "writes" if s.blocks_writes else ""


def _work(s: Statement) -> str:
    said = [f"rewrites {t}" for t in s.rewrites] + [f"builds {i}" for i in s.indexes_built] + [f"checks {c}" for c in s.validated]
    return ", ".join(said) or (f"reads {', '.join(s.scanned)}" if s.scanned else "")
