"""The whole life of what is pending, on one copy: expand, both versions, rollback, expand beside traffic, contract, and a look at its end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from bgmigrate.database import connect
from bgmigrate.errors import BgmigrateError, ConfigurationError, Interrupted
from bgmigrate.findings import Finding
from bgmigrate.history.project import Project
from bgmigrate.ops import RequireSmall, Step
from bgmigrate.planner.prove import trace
from bgmigrate.progress import Progress
from bgmigrate.rehearsal.canary import Canaries
from bgmigrate.rehearsal.copy import relations
from bgmigrate.rehearsal.observer import Observer
from bgmigrate.rehearsal.route import Route, Rows
from bgmigrate.rehearsal.statement import Phase, Statement
from bgmigrate.rehearsal.tracer import Tracer
from bgmigrate.settings import Settings

Verify = Callable[[str], Sequence[Finding]]  # of a copy's URL


@dataclass(frozen=True, kw_only=True)
class Pending:
    """The revisions that the database does not have, oldest first. `anchor`: where the expand branch begins, with what it stands on."""

    expands: tuple[str, ...]
    contracts: tuple[str, ...]
    anchor: str


@dataclass(kw_only=True)
class Life:
    """What came out, also when it ended half-way. `operations`: those of expand, in order; `stays`: what they say that no rollback takes back.
    `small`: (code, table) of what is done only while the table is small.

    `stages`: each with its `outcome` and `seconds`; `before` and `end`: the schema at the beginning and after the last contract.
    """

    statements: list[Statement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    operations: list[tuple[str, Step]] = field(default_factory=list)
    stays: set[tuple[str, str]] = field(default_factory=set)
    small: set[tuple[str, str]] = field(default_factory=set)
    stalls: dict[str, dict[str, float]] = field(default_factory=dict)
    before: Rows | None = None
    end: Rows | None = None
    failed: bool = False
    whole: bool = True  # is the copy as it was, after rollback?

    def note(self, revision: str, step: Step) -> None:
        """Remember what an operation says of tables."""
        if isinstance(step, RequireSmall):
            self.small.add((step.why_code, step.table))

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A stage: what fails in it is a finding, and ends the life. What is no fault of a revision's is raised."""
        began, there = time.monotonic(), len(self.findings)
        try:
            yield
        except BgmigrateError as error:
            if not _of_a_revision(error):
                raise
            self.failed = True
            self.findings += self._told(name, error)
        failed = any(f.severity == "error" for f in self.findings[there:])
        self.stages.append({"stage": name, "outcome": "failed" if failed else "passed", "seconds": round(time.monotonic() - began, 2)})

    def _told(self, name: str, error: BgmigrateError) -> list[Finding]:
        last = next((s for s in reversed(self.statements) if s.error and s.error in error.what), None)
        return [
            replace(
                f, code="BGM950" if f.code in ("BGM900", "BGM920") else f.code, what=f"{name}: {f.what}", severity="error",
                revision=f.revision or (last.revision if last else None), path=f.path or (last.path if last else None),
                line=f.line or (last.line if last else None),
            )
            for f in error.findings
        ]


def _of_a_revision(error: BgmigrateError) -> bool:
    """Does it say something of what is rehearsed? Not a server that went away, nor a version that cannot be loaded."""
    lost = isinstance(cause := getattr(error.__cause__, "orig", None) or error.__cause__, psycopg.OperationalError) and (
        cause.sqlstate is None or cause.sqlstate[:2] in ("08", "57")
    )
    set_up = isinstance(error, ConfigurationError) and error.findings[0].code != "BGM900"
    return not (lost or set_up or isinstance(error, Interrupted))


def live_through(
    life: Life, settings: Settings, project: Project, url: str, pending: Pending, *, ignore: set[str], verify: Verify | None, final: Verify | None,
    another: Callable[[], AbstractContextManager[str]] | None, say: Progress,
) -> None:
    """Take a copy through everything. `verify` tries the versions on it, `final` compares it with the models.

    `another`: makes a fresh copy to go on with where rollback has left this one otherwise than it was; without it nothing more is tried then.
    """
    observer = Observer(url)
    paths = {str(project.path_of(s.revision).absolute()): s.revision for s in project.script.walk_revisions()}
    tracer = Tracer(observer, paths)
    life.statements = tracer.statements
    route = Route(settings, project, url, ignore, tracer)
    with contextlib.closing(observer):
        _there_and_back(life, route, tracer, pending, verify, say)
        with contextlib.ExitStack() as stack:
            if not life.failed and not life.whole and another:
                url = stack.enter_context(another())
                observer = stack.enter_context(contextlib.closing(Observer(url)))
                tracer.observer, route = observer, Route(settings, project, url, ignore, tracer)
                route.forward(pending.anchor)
                life.whole = True
            if not life.failed and life.whole:
                _to_the_end(life, route, tracer, pending, say)
                _end(life, route, final, say)


def _end(life: Life, route: Route, final: Verify | None, say: Progress) -> None:
    if life.failed:
        return
    life.end = route.everything()
    if final:
        with life.stage("final schema"):
            say.step("comparing the end with the models' own schema")
            life.findings += final(route.url)


def _there_and_back(life: Life, route: Route, tracer: Tracer, pending: Pending, verify: Verify | None, say: Progress) -> None:
    def passing(revision: str, step: Step) -> None:
        life.operations.append((revision, step))
        life.stays.update(step.stays())
        life.note(revision, step)

    with life.stage("expand"):
        say.step(f"expand, statement by statement: {', '.join(pending.expands) or 'nothing is pending'}")
        _begin(tracer, route, "expand")
        route.forward(pending.anchor)
        life.before = route.everything()
        tracer.passing = passing
        for revision in pending.expands:
            route.forward(revision)
    tracer.passing = life.note
    if life.failed:
        return
    expanded = route.everything()
    if verify:
        with life.stage("verify"):
            say.step("both versions on the expanded schema")
            life.findings += verify(route.url)
    if not pending.expands:
        return
    with life.stage("rollback"):
        say.step("rollback")
        _begin(tracer, route, "rollback")
        route.back(pending.expands)
        assert life.before is not None
        found = left(trace(life.before, expanded, route.everything(), life.stays), "rollback", pending.expands[-1])
        life.findings += found
        life.whole = not found


def _to_the_end(life: Life, route: Route, tracer: Tracer, pending: Pending, say: Progress) -> None:
    """Again, and on to the end, with a reader and a writer beside it; the statements of the first time get the waits of the second."""
    touched = dict.fromkeys(x.relation for s in life.statements for x in s.every if x.kind in "rp")
    first = list(tracer.statements)
    with Canaries(route.url) as canaries:
        canaries.visit(touched)
        with life.stage("expand beside traffic"):
            say.step(f"expand again, with a reader and a writer of {len(touched)} tables")
            _begin(tracer, route, "expand")
            tracer.looking = False
            for revision in pending.expands:
                route.forward(revision)
        tracer.looking = True
        again = tracer.statements[len(first) :]
        del tracer.statements[len(first) :]
        if not life.failed:
            _give(first, again, canaries)
            with life.stage("contract"):
                say.step(f"contract: {', '.join(pending.contracts) or 'nothing is pending'}")
                for revision in pending.contracts:
                    there = _begin(tracer, route, "contract")
                    canaries.visit(t for t in there if t in touched)
                    route.forward(revision)
            for s in tracer.statements[len(first) :]:
                s.stalls = canaries.stalls(s)
        life.stalls = canaries.longest()


def _begin(tracer: Tracer, route: Route, phase: Phase) -> list[str]:
    with connect(route.url, purpose="rehearse") as c:
        found = relations(c, route.ignore)
    tracer.begin(phase, found)
    return list(found.values())


def _give(first: Sequence[Statement], again: Sequence[Statement], canaries: Canaries) -> None:
    """Each statement's second run is found by its place among those of its revision and text."""
    waiting: dict[tuple[str, str], list[Statement]] = {}
    for s in again:
        waiting.setdefault((s.revision, s.sql), []).append(s)
    for s in first:
        if s.phase == "expand" and (same := waiting.get((s.revision, s.sql))):
            s.stalls = canaries.stalls(same.pop(0))


def left(found: Sequence[str], when: str, revision: str) -> list[Finding]:
    """What a rollback leaves or takes, as a finding."""
    if not found:
        return []
    return [Finding(
        code="BGM951", revision=revision, what=f"{when} leaves a trace: {'; '.join(found[:5])}{'; …' if len(found) > 5 else ''}",
        why="An expand that is taken back must leave the schema as it was: the next plan compares with it.",
        next="Let the revision's downgrade() take back everything that its upgrade() makes.",
    )]
