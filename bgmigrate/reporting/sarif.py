"""Findings as SARIF 2.1.0, which code scanning services and editors read.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; the sections are its.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bgmigrate.findings import Finding

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}  # 3.27.10
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(findings: Iterable[Finding], *, version: str, rules: Mapping[str, tuple[str, str]], root: Path) -> str:
    """The log of one run. `rules`: name and description by code; `root`: what paths are relative to."""
    every = list(findings)
    codes = sorted({*rules, *(f.code for f in every)})
    driver = {
        "name": "bgmigrate", "semanticVersion": version, "informationUri": "https://pypi.org/project/bgmigrate/",
        "rules": [_rule(code, *rules.get(code, ("", ""))) for code in codes],
    }
    run = {
        "tool": {"driver": driver}, "originalUriBaseIds": {"ROOT": {"uri": root.resolve().as_uri() + "/"}}, "columnKind": "unicodeCodePoints",
        "results": [_result(f, codes.index(f.code)) for f in every],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _rule(code: str, name: str, description: str) -> dict[str, Any]:
    out: dict[str, Any] = {"id": code}
    if name:
        out |= {"name": name, "shortDescription": {"text": description}}
    return out


def _result(finding: Finding, index: int) -> dict[str, Any]:
    told = "\n".join(filter(None, (finding.what, finding.why, finding.next and f"next: {finding.next}")))
    out: dict[str, Any] = {"ruleId": finding.code, "ruleIndex": index, "level": _LEVELS[finding.severity], "message": {"text": told}}
    if finding.path:
        location: dict[str, Any] = {"artifactLocation": {"uri": quote(Path(finding.path).as_posix()), "uriBaseId": "ROOT"}}
        if finding.line:
            location["region"] = {"startLine": finding.line}
        out["locations"] = [{"physicalLocation": location}]
    return out
