"""The whole life cycle of what is pending, on a scratch copy, before the real database sees any of it."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bgmigrate import journal
from bgmigrate.database import SAME_DATABASE, connect
from bgmigrate.errors import BgmigrateError, ConfigurationError
from bgmigrate.findings import Finding
from bgmigrate.history.project import Project
from bgmigrate.journal import environments
from bgmigrate.journal.environments import Registered
from bgmigrate.progress import Progress
from bgmigrate.rehearsal import copy, estimate, final, show, ways
from bgmigrate.rehearsal.estimate import Size
from bgmigrate.rehearsal.judge import distinct, judge
from bgmigrate.rehearsal.life import Life, Pending, Verify, live_through
from bgmigrate.rehearsal.policy import Policy
from bgmigrate.rehearsal.statement import Statement
from bgmigrate.routing import store
from bgmigrate.settings import Settings
from bgmigrate.verify import clone
from bgmigrate.versions.load import snapshot_of
from bgmigrate.workflow.lint import document
from bgmigrate.workflow.models import with_default_models
from bgmigrate.workflow.report import Report
from bgmigrate.workflow.verify import verify

WHOLE = 16.0  # seconds after which no more rollbacks from between two operations are begun, where not every one is asked for
LEAST = 2.0  # seconds that they get, however long the rest has taken


def rehearse(
    settings: Settings, *, blue: str | None = None, green: str | None = None, copy_url: str | None = None, rows: int = 0, every_step: bool = False,
    try_versions: bool = True, strict: bool = False, form: str = "text", progress: Progress | None = None,
) -> Report:
    """Carry out expand, rollback, expand and contract on a copy of the live schema, and say what each statement locked, read and rewrote.

    `copy_url`: a restored copy of the database, which is changed; without it a scratch database is made, with at most `rows` of each table.
    `every_step`: roll back from between any two operations, however long that takes. The live database is only read. What goes wrong on the
    way is a finding, and the statements until then are in `steps`. Raises ConfigurationError when `copy_url` is the live database.
    """
    say, began, life = progress or Progress(), time.monotonic(), Life()
    project = Project.open(settings)
    settings = with_default_models(settings, green)
    ignore = {project.version_table.name, "alembic_version"}
    with contextlib.ExitStack() as stack, _kept(life):
        if copy_url:
            _refuse_live(settings, copy_url)
        source = replace(settings, database_url=copy_url) if copy_url else settings
        with connect(source.url, purpose="rehearse") as c:
            pending, sizes = _pending(project, c), estimate.sizes(c)
        if not (pending.expands or pending.contracts):
            return _nothing(settings)
        say.step("copying the live schema" if not copy_url else "on the copy that was given, which is changed")
        live = clone.take(source.url)
        if copy_url:
            journal.ensure(copy_url)
            base, url = "", copy_url
        else:
            base = stack.enter_context(copy.base(source, project, live, rows))
            url = stack.enter_context(copy.like(source, base, live, "rehearsal"))
        copies = partial(copy.like, source, base, live, "way")
        with connect(url, purpose="rehearse") as c:
            c.execute("CREATE SCHEMA IF NOT EXISTS bgmigrate")
            rates = estimate.rates(c)
        tried = partial(_tried, source, stack, blue, green) if try_versions else None
        live_through(
            life, source, project, url, pending, ignore=ignore, verify=tried, final=_final(source, green, live, ignore, say),
            another=copies if base else None, say=say,
        )
        extra: dict[str, Any] = {"stalls": life.stalls}
        if base and not life.failed:
            say.step("rollback from between operations, and the other orders of contracts")
            with life.stage("rollback from every step"):
                left = max(LEAST, WHOLE - (time.monotonic() - began)) if not every_step else float("inf")
                extra["rollbacks"] = ways.back_from_every_step(source, project, copies, pending, life, ignore=ignore, seconds=left)
            with life.stage("orders"):
                extra["orders"] = ways.in_another_order(source, project, copies, pending, life, ignore=ignore)
    report = _report(settings, life, sizes, rates, extra, strict=strict, seconds=time.monotonic() - began)
    return replace(report, document=document(form, report.findings, settings, "rehearse"))


@contextlib.contextmanager
def _kept(life: Life) -> Iterator[None]:
    """What ends the whole rehearsal tells the steps until then, too."""
    try:
        yield
    except BgmigrateError as error:
        error.extra.setdefault("steps", [s.as_json() for s in life.statements])
        raise


def _refuse_live(settings: Settings, copy_url: str) -> None:
    """Rehearsing on the live database would carry the contract out."""
    if not settings.database_url:
        return
    with connect(settings.url, purpose="rehearse") as a, connect(copy_url, purpose="rehearse") as b:
        if a.execute(SAME_DATABASE).fetchone() == b.execute(SAME_DATABASE).fetchone():
            raise ConfigurationError(
                "--copy names the live database itself", why="Everything would be carried out on it, contracts included.",
                next="Restore a backup into another database and name that; or leave --copy out.",
            )


def _pending(project: Project, c: Any) -> Pending:
    return Pending(
        expands=tuple(s.revision for s in project.pending_expands(c)), contracts=tuple(s.revision for s in project.pending_contracts(c)),
        anchor=project.anchor("expand").revision,
    )


def _tried(settings: Settings, stack: contextlib.ExitStack, blue: str | None, green: str | None, url: str) -> Sequence[Finding]:
    """Both versions on the copy. What they cannot do is a finding; where no version is known there is nothing to try."""
    specs = {"blue": blue, "green": green}
    known = _registered(settings) if settings.database_url else {}
    for name, version in known.items():
        specs[name] = specs[name] or stack.enter_context(_described(version))
    if not specs["blue"] and not specs["green"]:
        return [Finding(
            code="BGM806", severity="info", what="no version was tried on the copy: none is registered or named", next="Name one: --blue SPEC.",
        )]
    here = replace(settings, database_url=url, verify=replace(settings.verify, statements=(), blue_command=None, green_command=None))
    report = verify(here, blue=specs["blue"], green=specs["green"], progress=Progress(-1))
    found = [replace(f, what=f"verify: {f.what}") for f in report.findings]
    if report.outcome == "inconclusive":
        found.append(Finding(code="BGM806", severity="warning", what="verify is inconclusive on the copy", next="bgmigrate verify, after expand"))
    return found


def _registered(settings: Settings) -> dict[str, Registered]:
    with connect(settings.url, purpose="rehearse") as c:
        live = store.live(c, settings.service) if journal.exists(c) else None
        if live is None:
            return {}
        found = {live.environment: environments.deployed(c, settings.service, live.environment),
                 live.idle: environments.candidate(c, settings.service, live.idle)}
    return {name: r for name, r in found.items() if r is not None}


@contextlib.contextmanager
def _described(found: Registered) -> Iterator[str]:
    """A SPEC of what is registered: the copy has another journal than the one that it is in."""
    with tempfile.TemporaryDirectory(prefix="bgmigrate-") as directory:
        path = Path(directory, f"{found.environment}.json")
        path.write_text(json.dumps(found.snapshot.as_json()), encoding="utf-8")
        yield f"snapshot:{path}"


def _final(settings: Settings, green: str | None, live: clone.LiveSchema, ignore: set[str], say: Progress) -> Verify | None:
    try:
        models = snapshot_of(settings, green, deployed=None)
    except BgmigrateError as error:
        say.step(f"the end is not compared with the models, which cannot be loaded: {error.what}")
        return None
    return lambda url: final.compared(settings, url, models, live, ignore)


def _nothing(settings: Settings) -> Report:
    return Report(
        command="rehearse", outcome="passed", service=settings.service, extra={"steps": [], "stages": []},
        lines=("nothing to rehearse: no revision is pending",),
    )


def _report(
    settings: Settings, life: Life, sizes: dict[str, Size], rates: estimate.Rates, extra: dict[str, Any], *, strict: bool,
    seconds: float,
) -> Report:
    statements, findings, policy = [], list(life.findings), Policy(settings.lint)
    for s in life.statements:
        made = estimate.estimated(s, sizes, rates)
        found = policy.applied(judge(made, sizes, life.small))
        made.path, made.codes = _relative(s.path, settings.directory), tuple(f.code for f in found)
        statements.append(made)
        findings += found
    every = distinct([replace(f, path=f.path and _relative(f.path, settings.directory)) for f in findings])
    failed = any(f.severity == "error" or (strict and f.severity == "warning") for f in every)
    unsure = any(f.code == "BGM806" and f.severity == "warning" for f in every)
    outcome, code = ("failed", 3) if failed else ("inconclusive", 4) if unsure else ("passed", 0)
    return Report(
        command="rehearse", outcome=outcome, exit_code=code, service=settings.service, findings=tuple(every),
        extra={"steps": [s.as_json() for s in statements], "stages": life.stages, **extra},
        lines=tuple(_lines(statements, life, extra, outcome, seconds)),
        next=next((f.next for f in every if f.severity == "error"), "bgmigrate expand" if outcome == "passed" else ""),
    )


def _lines(statements: Sequence[Statement], life: Life, extra: dict[str, Any], outcome: str, seconds: float) -> Iterator[str]:
    yield from show.table(statements)
    yield ""
    yield from show.stalls(life.stalls)
    if back := extra.get("rollbacks"):
        more = "" if back["tried"] == back["of"] else " (all of them: --every-step)"
        yield f"rolled back from {back['tried']} of {back['of']} places between operations{more}"
    for order in extra.get("orders", ()):
        yield f"also in this order: {order}"
    yield ", ".join(f"{s['stage']} {s['outcome']}" for s in life.stages)
    yield f"rehearsal {outcome} in {seconds:.1f} s; times for live tables are estimates from their sizes"


def _relative(path: str, base: Path) -> str:
    here = Path(path)
    return str(here.relative_to(base)) if path and here.is_relative_to(base) else path
