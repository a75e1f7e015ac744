"""What one probe found of one version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bgmigrate.findings import Finding


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

    def as_json(self) -> dict[str, Any]:
        """The entry of `probes` in the report."""
        out: dict[str, Any] = {
            "probe": self.probe, "version": self.version, "checked": self.checked, "failed": self.failed, "inconclusive": self.inconclusive,
            "seconds": round(self.seconds, 2),
        }
        if self.schema != "expanded":
            out["schema"] = self.schema
        if self.driver:
            out["driver"] = self.driver
        return out
