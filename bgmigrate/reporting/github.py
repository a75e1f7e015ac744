"""Findings as annotations of a GitHub workflow run.

Source: GitHub's documentation, "Workflow commands for GitHub Actions", and the escapes of actions/toolkit, `packages/core/src/command.ts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bgmigrate.findings import Finding

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
_ORDER = tuple(_COMMANDS)  # errors first: GitHub shows ten of a kind and step


def wanted(asked: bool | None, environ: Mapping[str, str]) -> bool:
    """Whether to annotate: as asked, else where GitHub Actions runs us."""
    return environ.get("GITHUB_ACTIONS") == "true" if asked is None else asked


def commands(findings: Iterable[Finding]) -> list[str]:
    """One workflow command a finding."""
    return [annotation(f) for f in sorted(findings, key=lambda f: _ORDER.index(f.severity))]


def annotation(finding: Finding) -> str:
    """`::error title=BGM801 users.full_name (blue)::what, why and next`; a finding about a file stands at its line there."""
    at = ".".join(filter(None, (finding.table, finding.column)))
    title = " ".join(filter(None, (finding.code, at, finding.version and f"({finding.version})")))
    properties = {"file": finding.path, "line": finding.line, "title": title}
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
    message = "\n".join(filter(None, (finding.what, finding.why, finding.next and f"next: {finding.next}")))
    return f"::{_COMMANDS[finding.severity]} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
