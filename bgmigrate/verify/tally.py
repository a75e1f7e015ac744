"""Counts by table of what a probe tried: what the cells of a report are made of. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bgmigrate.excerpt import excerpt
from bgmigrate.findings import Finding
from bgmigrate.reporting.tally import Tally

UNTRIED = "not tried"
STATEMENT = 500  # characters of one
FAULTS = 5  # of a table; the rest is only counted
Result = Mapping[str, Any]
Outcome = tuple[Result, str]  # a result with what it proves: "" for nothing wrong, `failed`, `inconclusive`, UNTRIED, or another word


def tallies(outcomes: Iterable[Outcome], *, kind: Mapping[str, str]) -> dict[str, Tally]:
    """Count results (`table`, `stage`, `error`) by table. `kind`: what a stage's statement is called, where not by the stage's own name."""
    by: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by[outcome[0]["table"]].append(outcome)
    return {table: _tally(mine, kind) for table, mine in by.items()}


def rows(tables: Iterable[str], failed: Iterable[str]) -> dict[str, Tally]:
    """Count things of which only the table matters: one entry of `tables` for each that was tried, one of `failed` for each that failed."""
    tried, wrong = Counter(tables), Counter(failed)
    return {t: Tally(checked=tried[t], failed=wrong[t]) for t in sorted({*tried, *wrong})}


def by_finding(tables: Sequence[str], findings: Iterable[Finding]) -> dict[str, Tally]:
    """One thing asked of each table; what was found of it failed."""
    return rows(tables, (f.table for f in findings if f.table and f.severity == "error"))


def _tally(outcomes: Sequence[Outcome], kind: Mapping[str, str]) -> Tally:
    verdicts = Counter(verdict for _, verdict in outcomes)
    stages = [r["stage"] for r, verdict in outcomes if verdict != UNTRIED]
    return Tally(
        checked=len(stages), failed=verdicts["failed"], inconclusive=verdicts["inconclusive"],
        statements=dict(Counter(kind.get(s, "load" if s.startswith("load ") else s) for s in stages)), faults=_faults(outcomes),
    )


def _faults(outcomes: Iterable[Outcome]) -> tuple[Mapping[str, str], ...]:
    """The distinct refusals, the worst first."""
    order = ("failed", "inconclusive")
    seen: dict[tuple[str, str], dict[str, str]] = {}
    for result, verdict in sorted(outcomes, key=lambda o: order.index(o[1]) if o[1] in order else len(order)):
        if verdict and result.get("error"):
            error = result["error"]
            fault = {
                "tried": result["stage"], "verdict": verdict, "said": error.get("message", ""), "state": error.get("state") or "",
                "statement": excerpt(str(error.get("statement", "")), STATEMENT),
            }
            seen.setdefault((fault["said"], fault["statement"]), {k: v for k, v in fault.items() if v or k == "said"})
    return tuple(list(seen.values())[:FAULTS])
