"""squawk, where its wheel (squawk-cli) is installed: SQL that it complains of under one of our codes.

Only its rules that judge a statement by itself are taken. Those about locks and scans know neither the phase nor which tables are new, which ours do.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bgmigrate.findings import Finding, Severity
from bgmigrate.lint.statement import Reading

CODES: dict[str, tuple[str, Severity]] = {
    "identifier-too-long": ("BGM609", "warning"), "ban-char-field": ("BGM603", "info"), "prefer-timestamp-tz": ("BGM604", "info"),
    "transaction-nesting": ("BGM407", "warning"),
}


def program() -> str | None:
    """Where it is: beside this interpreter, or on the path."""
    return shutil.which("squawk", path=str(Path(sys.executable).parent)) or shutil.which("squawk")


def found(readings: Sequence[Reading]) -> dict[str, list[Finding]]:
    """What it says of the SQL of these revisions, by revision; nothing where it is not installed or does not run."""
    squawk = program()
    statements = [(r.revision, line, text) for r in readings for line, text in r.sql]
    if squawk is None or not statements:
        return {}
    out: dict[str, list[Finding]] = {}
    lines = [(revision, line) for revision, line, text in statements for _ in _flat(text).splitlines()]
    for told in _told(squawk, "".join(_flat(text) for _, _, text in statements)):
        code, severity = CODES.get(told.get("rule_name", ""), ("", "info"))
        if code and told["line"] < len(lines):
            revision, line = lines[told["line"]]
            out.setdefault(revision, []).append(Finding(
                code=code, severity=severity, what=told["message"], why=f"squawk: {told['rule_name']}", next=told.get("help") or f"bgmigrate lint "
                f"--explain {code}",
                line=line,
            ))
    return out


def _flat(text: str) -> str:
    """As lines that end, and end the statement."""
    return text.rstrip().rstrip(";") + "\n;\n"


def _told(squawk: str, text: str) -> Iterator[dict[str, Any]]:
    try:
        command = [squawk, "--reporter", "Json", "--stdin-filepath", "revisions.sql"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        yield from json.loads(done.stdout or "[]")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return
