"""What one probe found of one version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bgmigrate.findings import Finding
from bgmigrate.reporting.tally import Tally

# Each is a test of its own under pytest, where there is something to ask.
PROBES = ("shape", "roundtrip", "crossread", "identity", "statements", "command")
SMALL = 50  # tables: up to so many, `--json` tells of each; evidence and reports always do


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Counts are of things tried; `inconclusive` ones prove nothing either way."""

    probe: str
    version: str
    checked: int = 0
    failed: int = 0
    inconclusive: int = 0
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    schema: str = "expanded"  # or `contracted`: with the pending contracts applied
    driver: str = ""
    tables: Mapping[str, Tally] = field(default_factory=dict)

    def as_json(self, *, whole: bool = False) -> dict[str, Any]:
        """The entry of `probes` in the report; `whole`: as it is recorded."""
        out: dict[str, Any] = {
            "probe": self.probe, "version": self.version, "checked": self.checked, "failed": self.failed, "inconclusive": self.inconclusive,
            "seconds": round(self.seconds, 2),
        }
        if self.schema != "expanded":
            out["schema"] = self.schema
        if self.driver:
            out["driver"] = self.driver
        if self.tables and (whole or len(self.tables) <= SMALL):
            out["tables"] = {name: tally.as_json(whole=whole) for name, tally in sorted(self.tables.items())}
        return out
