"""What was found wrong, and with what weight: the one shape in which every command reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found. A code never changes its meaning; `what`, `why` and `next` are for a person at 3 a.m."""

    code: str
    what: str
    why: str = ""
    next: str = ""
    severity: Severity = "error"
    version: str | None = None
    probe: str | None = None
    table: str | None = None
    column: str | None = None
    revision: str | None = None
    path: str | None = None
    line: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding without its empty fields."""
        return {k: v for k, v in asdict(self).items() if v is not None}


def worst(findings: tuple[Finding, ...] | list[Finding]) -> Severity | None:
    """The gravest severity among them; None when there are none."""
    order: tuple[Severity, ...] = ("error", "warning", "info")
    for severity in order:
        if any(f.severity == severity for f in findings):
            return severity
    return None
