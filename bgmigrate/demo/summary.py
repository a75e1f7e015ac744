"""What the demo found out, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bgmigrate.demo.figures import table

_HEADING = ("phase", "version", "requests", "failed", "wrong", "p50 ms", "p99 ms", "max ms")


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The closing table and what stands below it. `found` is what `demo --json` prints as well."""
    rows = [
        (r["phase"], r["version"], *(f"{r[k]:,}" for k in ("requests", "failed", "wrong")), *(f"{r[k]:.1f}" for k in ("p50_ms", "p99_ms", "max_ms")))
        for r in found["phases"]
    ]
    sums = [("total", v, *(f"{t[k]:,}" for k in ("requests", "failed", "wrong")), "", "", "") for v, t in found["totals"].items()]
    yield from ("", *table([_HEADING, *rows, *sums]), "")
    yield from map(_backfill, found["backfills"])
    longest = found["longest_stall"]
    yield f"longest stall: {longest['ms']:.1f} ms ({longest['version']}, {longest['phase']})"
    yield f"closing audit: {found['audited']:,} customers read, {found['audit_wrong']} wrong values"
    if v := found["visitors"]:
        yield f"visitors through the proxy: {v['requests']:,} requests, {v['failed']} failed, {v['late']} answered by the version that was not live"
    problems: Sequence[str] = found["problems"]
    yield from problems[:10]
    if found["directory"]:
        yield f"The project with its revision files is kept in {found['directory']}"


def _backfill(one: Mapping[str, Any]) -> str:
    return (
        f"backfill of {one.get('table', 'a table')}: {one['rows']:,} rows in {one['seconds']:.1f} s, {one['rows_per_second']:,.0f} rows/s, "
        f"{one['batches']:,} batches"
    )
