"""What is printed: one JSON object on stdout and nothing else there, or a few lines for a person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from bgmigrate.errors import BgmigrateError
from bgmigrate.findings import Finding
from bgmigrate.reporting import github, objects

if TYPE_CHECKING:
    from bgmigrate.workflow.report import Report

_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def report(content: Report, *, as_json: bool) -> int:
    """Print a command's report; returns its exit code."""
    if as_json:
        _object(content.as_json())
    elif content.document:
        _lines((content.document,))
    else:
        _lines(content.lines)
        _findings(content.findings, sys.stdout)
        if content.next:
            _lines((f"next: {content.next}",))
    return content.exit_code


def failure(error: BgmigrateError, *, command: str, service: str | None, as_json: bool) -> int:
    """Print why a command ended; returns its exit code."""
    if as_json:
        _object(objects.of_error(error, command=command, service=service))
    else:
        if len(error.findings) > 1 or error.findings[0].what != error.what:
            sys.stderr.write(error.what + "\n")
        _findings(error.findings, sys.stderr)
        for blocker in error.extra.get("blockers", ()):
            sys.stderr.write("  blocked by " + ", ".join(f"{k} {v}" for k, v in blocker.items() if v not in (None, "")) + "\n")
        if error.next and all(f.next != error.next for f in error.findings):
            sys.stderr.write(f"next: {error.next}\n")
        sys.stderr.flush()
    return error.exit_code


def annotate(findings: tuple[Finding, ...], *, as_json: bool) -> None:
    """Annotate a GitHub workflow run; the runner reads both streams, and with `--json` stdout is the object's alone."""
    stream = sys.stderr if as_json else sys.stdout
    stream.write("".join(f"{line}\n" for line in github.commands(findings)))
    stream.flush()


def _object(content: dict[str, Any]) -> None:
    sys.stdout.write(objects.text(content) + "\n")
    sys.stdout.flush()


def _lines(lines: tuple[str, ...]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")


def _findings(findings: tuple[Finding, ...], stream: TextIO) -> None:
    if not findings:
        return
    from rich.console import Console
    from rich.text import Text

    said = Text()  # printed at once: a print of each line is half of the time that a lint of a long history takes
    for finding in findings:
        more = "".join(f"  {name}: {text}\n" for name, text in (("why", finding.why), ("next", finding.next)) if text)
        said.append(f"{finding.severity} {finding.code}", _STYLES[finding.severity])
        said.append(f"{_place(finding)}: {finding.what}\n{more}")
    Console(file=stream, highlight=False, soft_wrap=True).print(said, end="")


def _place(finding: Finding) -> str:
    """` users.full_name`, ` versions/x.py:12`, or nothing."""
    column = ".".join(filter(None, (finding.table, finding.column)))
    file = ":".join(map(str, filter(None, (finding.path, finding.line))))
    version = f"({finding.version})" if finding.version else ""
    return "".join(f" {part}" for part in (column, file, version) if part)
