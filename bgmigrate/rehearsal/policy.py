"""What the project has said of hazards for `lint` holds here too: comments that answer for a statement, small tables, and severities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import cast

from bgmigrate.findings import Finding, Severity
from bgmigrate.lint.suppress import Suppressions
from bgmigrate.settings import LintSettings


class Policy:
    """One project's. Files are read once; a finding's path is absolute here."""

    def __init__(self, settings: LintSettings) -> None:
        self.settings = settings
        self._files: dict[str, Suppressions] = {}

    def applied(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that remain, each as grave as the project says."""
        out = []
        for f in findings:
            said = self.settings.severity.get(f.code)
            if said == "off" or f.table in self.settings.small_tables or self._answered(f):
                continue
            out.append(replace(f, severity=cast(Severity, said)) if said else f)
        return out

    def _answered(self, f: Finding) -> bool:
        if not f.path:
            return False
        if f.path not in self._files:
            self._files[f.path] = Suppressions(Path(f.path).read_text(encoding="utf-8"))
        return self._files[f.path].silences(f.code, f.line)
