"""Readings, rules, suppressions and configured severities: findings come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from bgmigrate.errors import ConfigurationError
from bgmigrate.findings import Finding, Severity
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.rules import BY_CODE, RULES
from bgmigrate.lint.statement import Reading, Statement
from bgmigrate.lint.suppress import NO_REASON, UNUSED, Suppressions

Severities = Mapping[str, str]
_ORDER = ("error", "warning", "info")


def checked(severities: Severities) -> Severities:
    """The configured severities. Raises ConfigurationError for a code or a severity that does not exist."""
    for code, severity in severities.items():
        if code not in BY_CODE and code not in (NO_REASON, UNUSED):
            raise ConfigurationError(
                f"lint.severity names {code}, which is no rule of lint", why="A misspelt code would silently not apply.",
                next=f"Rules: {', '.join(BY_CODE)}.",
            )
        if severity not in (*_ORDER, "off"):
            raise ConfigurationError(f"lint.severity.{code} = {severity!r} is no severity", next=f'Write "error", "warning", "info" or "off": '
            f'{code} = "warning".')
    return severities


def judge(
    reading: Reading, *, severities: Severities | None = None, directory: Path | None = None, others: Sequence[Finding] = ()
) -> list[Finding]:
    """What is wrong with one revision, by line. `directory`: what paths are told relative to. `others`: what another linter
    says of it, where our own rules say nothing of that code on that line."""
    configured = severities or {}
    source = reading.path.read_text(encoding="utf-8") if reading.path.is_file() else ""
    silent = Suppressions(source)
    path = str(reading.path.relative_to(directory)) if directory and reading.path.is_relative_to(directory) else str(reading.path)
    active = [r for r in RULES if configured.get(r.code) != "off"]
    own = list(_found(reading, active))
    ours = {(f.code, f.line) for f in own}
    found = [f for f in (*own, *(o for o in others if (o.code, o.line) not in ours)) if not silent.silences(f.code, f.line)]
    found += silent.complaints([r.code for r in active])
    out: dict[tuple[object, ...], Finding] = {}
    for finding in found:
        severity = configured.get(finding.code, finding.severity)
        if severity != "off":
            placed = replace(finding, severity=cast(Severity, severity), revision=reading.revision, path=path)
            out.setdefault((placed.code, placed.line, placed.what), placed)  # what a loop does is told once
    return sorted(out.values(), key=lambda f: (f.line or 0, _ORDER.index(f.severity), f.code))


def _found(reading: Reading, rules: list[Rule]) -> Iterator[Finding]:
    firm = [r for r in rules if not r.gives_way]
    general = [r for r in rules if r.gives_way]
    for statement in reading.statements:
        said = [_finding(rule, hit, statement) for rule in firm for hit in rule.look(statement, reading)]
        yield from said
        if all(f.severity == "info" for f in said):
            yield from (_finding(rule, hit, statement) for rule in general for hit in rule.look(statement, reading))


def _finding(rule: Rule, hit: Hit, statement: Statement) -> Finding:
    return Finding(
        code=rule.code, severity=hit.severity or rule.severity, what=hit.what, why=hit.why or f"{rule.danger} {rule.reason}", next=hit.next,
        table=hit.table, column=hit.column, line=statement.line,
    )
