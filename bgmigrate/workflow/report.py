"""What a command has to say: one value, printed as JSON or for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bgmigrate.findings import Finding


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcome of one command. `extra` holds the keys that only this command's JSON has; `lines` are for people; a `document`, which another
    program reads, is printed in place of lines and findings."""

    command: str
    outcome: str
    service: str
    exit_code: int = 0
    fingerprint: str | None = None
    findings: tuple[Finding, ...] = ()
    next: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    document: str = ""

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints (schema `bgmigrate/1`)."""
        out: dict[str, Any] = {
            "schema": "bgmigrate/1", "command": self.command, "outcome": self.outcome, "exit_code": self.exit_code, "service": self.service,
        }
        if self.fingerprint:
            out["fingerprint"] = self.fingerprint
        out |= dict(self.extra)
        out["findings"] = [f.as_json() for f in self.findings]
        out["next"] = self.next
        return out
