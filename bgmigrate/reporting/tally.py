"""A probe's counts of one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Things tried; `statements`: how many of each kind, `faults`: those that were refused, with the server's words."""

    checked: int = 0
    failed: int = 0
    inconclusive: int = 0
    statements: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Mapping[str, str], ...] = ()

    def as_json(self, *, whole: bool = False) -> dict[str, Any]:
        """The counts, and with `whole` what is behind them."""
        out: dict[str, Any] = {"checked": self.checked, "failed": self.failed, "inconclusive": self.inconclusive}
        return out | {k: v for k, v in (("statements", self.statements), ("faults", self.faults)) if v and whole}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Tally:
        """Read it back; other keys are left alone."""
        known = {k: content[k] for k in ("checked", "failed", "inconclusive", "statements") if k in content}
        return cls(**known, faults=tuple(content.get("faults", ())))
