"""Look for hazards in revision files, with no database."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import bgmigrate
from bgmigrate.errors import ConfigurationError
from bgmigrate.findings import Finding
from bgmigrate.history.environment import quiet
from bgmigrate.history.project import Project
from bgmigrate.lint import pages, squawk
from bgmigrate.lint.choose import Choice, choose, makes
from bgmigrate.lint.judge import checked, judge
from bgmigrate.lint.known import Known
from bgmigrate.lint.read import read
from bgmigrate.lint.rules import BY_CODE
from bgmigrate.lint.statement import Reading
from bgmigrate.progress import Progress
from bgmigrate.reporting import github
from bgmigrate.reporting.sarif import sarif
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report


def lint(
    settings: Settings, *, revisions: Sequence[str] = (), diff_base: str | None = None, everything: bool = False, strict: bool = False,
    form: str = "text", progress: Progress | None = None,
) -> Report:
    """Look at these revisions; without any at those after the anchors of `init`, and where there are none at the whole history.

    Exit code 3 where a finding is an error, with `strict` also where one is a warning.
    """
    say = progress or Progress()
    began = time.monotonic()
    severities = checked(settings.lint.severity)
    with contextlib.redirect_stdout(sys.stderr):  # what revisions print when they are imported
        project = Project.open(settings)
    chosen = choose(project, revisions=revisions, diff_base=diff_base, everything=everything, start_after=settings.lint.start_after)
    findings: list[Finding] = []
    readings = list(_readings(project, chosen))
    others = squawk.found(readings)
    for reading in readings:
        findings += judge(reading, severities=severities, directory=settings.directory, others=others.get(reading.revision, ()))
    looked = [c for c in chosen if c.wanted]
    counts = Counter(f.severity for f in findings)
    failed = bool(counts["error"] or (strict and counts["warning"]))
    say.detail(f"{len(chosen)} revisions read in {time.monotonic() - began:.1f} s")
    told = ", ".join(f"{counts[s]} {s}{'' if s == 'info' or counts[s] == 1 else 's'}" for s in ("error", "warning", "info"))
    return Report(
        command="lint", outcome="failed" if failed else "passed", service=settings.service, exit_code=3 if failed else 0,
        findings=tuple(findings), next=_next(findings, strict),
        extra={"revisions": [{"revision": c.script.revision, "phase": c.phase} for c in looked], "counts": dict(counts)},
        lines=(f"{len(looked)} revision{'s' if len(looked) != 1 else ''} looked at: {told}",),
        document=document(form, findings, settings, "lint"),
    )


def explain(settings: Settings, *, code: str, progress: Progress | None = None) -> Report:
    """A rule's page. Raises ConfigurationError for a code that is no rule of lint."""
    rule = BY_CODE.get(code.upper())
    if rule is None:
        raise ConfigurationError(f"{code} is no rule of lint", next=f"bgmigrate lint --explain CODE, with one of {', '.join(BY_CODE)}")
    told = {k: getattr(rule, k) for k in ("code", "name", "severity", "danger", "reason", "unsafe", "safe", "phase")}
    return Report(command="lint", outcome="passed", service=settings.service, extra={"rule": told}, lines=tuple(pages.text(rule).splitlines()))


def _readings(project: Project, chosen: Iterable[Choice]) -> Iterable[Reading]:
    known = Known(later=makes(s.path for s in project.script.walk_revisions()))
    small = frozenset(project.settings.lint.small_tables)
    with quiet():
        for choice in chosen:
            script: Any = choice.script
            reading = read(
                script.module, path=project.path_of(script.revision), revision=script.revision, phase=choice.phase, known=known,
                script=project.script, config=project.config, small=small,
            )
            if choice.wanted:
                yield reading


def _next(findings: Sequence[Finding], strict: bool) -> str:
    worst = [f for f in findings if f.severity == "error"] or [f for f in findings if strict and f.severity == "warning"]
    codes = [f.code for f in worst if f.code in BY_CODE]
    return f"bgmigrate lint --explain {codes[0]}" if codes else ""


def document(form: str, findings: Sequence[Finding], settings: Settings, command: str) -> str:
    """What a command prints in another form than text: annotations of a GitHub run, or SARIF; nothing for text."""
    if form == "github":
        return "\n".join(github.commands(findings)) or f"::notice::bgmigrate {command} found nothing"
    if form != "sarif":
        return ""
    rules = {code: (rule.name, rule.danger) for code, rule in BY_CODE.items()}
    return sarif(findings, version=bgmigrate.__version__, rules=rules, root=settings.directory)
