"""What the load did: requests, failures, wrong values and durations, for each phase and version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Tally:
    """One version in one phase. Durations in milliseconds."""

    phase: str
    version: str
    durations: list[float] = field(default_factory=list)
    failed: int = 0
    wrong: int = 0

    def percentile(self, share: float) -> float:
        """The duration that `share` of the requests did not exceed; 0 when there were none."""
        ordered = sorted(self.durations)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def as_json(self) -> dict[str, Any]:
        """The row as `demo --json` prints it."""
        return {
            "phase": self.phase, "version": self.version, "requests": len(self.durations), "failed": self.failed, "wrong": self.wrong,
            "p50_ms": round(self.percentile(0.5), 1), "p99_ms": round(self.percentile(0.99), 1), "max_ms": round(max(self.durations, default=0.0), 1),
        }


class Figures:
    """All tallies, in the order in which the phases began."""

    def __init__(self) -> None:
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.problems: list[str] = []

    def count(self, phase: str, version: str, milliseconds: float, error: str | None, wrong: Sequence[str]) -> None:
        """One request ended."""
        tally = self.tallies.setdefault((phase, version), Tally(phase=phase, version=version))
        tally.durations.append(milliseconds)
        tally.failed += error is not None
        tally.wrong += len(wrong)
        self.problems += [f"{phase}: {version}: {text}" for text in ([error] if error else []) + list(wrong)]

    def rows(self) -> list[dict[str, Any]]:
        """Every tally; blue before green within a phase."""
        order = list(dict.fromkeys(phase for phase, _ in self.tallies))
        return [t.as_json() for _, t in sorted(self.tallies.items(), key=lambda i: (order.index(i[0][0]), i[0][1]))]

    def total(self, version: str | None = None) -> dict[str, int]:
        """Requests, failed and wrong over all phases, of one version or of both."""
        mine = [t for t in self.tallies.values() if version in (None, t.version)]
        return {"requests": sum(len(t.durations) for t in mine), "failed": sum(t.failed for t in mine), "wrong": sum(t.wrong for t in mine)}

    def longest(self) -> dict[str, Any]:
        """The request that took longest of all: its phase, version and milliseconds."""
        worst = max(self.tallies.values(), key=lambda t: max(t.durations, default=0.0), default=None)
        return {"ms": 0.0, "phase": "", "version": ""} if worst is None else {
            "ms": round(max(worst.durations, default=0.0), 1), "phase": worst.phase, "version": worst.version,
        }


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned text; the first row is the heading, the first two columns are words, the others figures."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    text = ["  ".join(cell.ljust(w) if n < 2 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))) for row in rows]
    return [text[0], "─" * len(text[0]), *text[1:]]
