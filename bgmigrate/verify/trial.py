"""The whole trial: both versions' processes, a clone of the live schema, and every probe; what can go at once goes at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from bgmigrate.errors import ConfigurationError, InfrastructureError
from bgmigrate.findings import Finding
from bgmigrate.journal.synchronizations import Synchronization
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.verify import clone, facts, texts
from bgmigrate.verify.bound import bound
from bgmigrate.verify.command import command
from bgmigrate.verify.crossread import crossread
from bgmigrate.verify.defaults import defaults
from bgmigrate.verify.facts import Facts
from bgmigrate.verify.identity import identity
from bgmigrate.verify.masked import masked
from bgmigrate.verify.outcome import Probe
from bgmigrate.verify.roundtrip import roundtrip, unused
from bgmigrate.verify.sent import Traffic
from bgmigrate.verify.shape import bare, shape
from bgmigrate.verify.statements import statements
from bgmigrate.verify.subject import Subject, described, host, reflect, running
from bgmigrate.verify.tally import rows
from bgmigrate.versions.at_once import threads
from bgmigrate.versions.load import agent, snapshot
from bgmigrate.versions.spec import Spec

T = TypeVar("T")
ON_LIVE = "SET LOCAL lock_timeout = '2s'"  # a sample row must not wait behind the application, nor the application behind it


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version to be tried: by SPEC, or by the snapshot that the journal has of it."""

    name: str
    spec: Spec | None = None
    snapshot: Snapshot | None = None
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What came out, and the description of each version that was tried, by environment."""

    probes: tuple[Probe, ...]
    snapshots: dict[str, Snapshot]
    findings: tuple[Finding, ...]
    software: dict[str, dict[str, str]]  # of each version's process, and of the scratch server


@contextlib.contextmanager
def opened(settings: Settings, version: Version, say: Progress) -> Iterator[Subject]:
    """A version's process, loaded. Raises VersionFailed.

    A version that is registered is run from its source where that still gives the same models, else from its snapshot.
    """
    spec, told, source = version.spec, version.snapshot, version.source or str(version.spec)
    with contextlib.ExitStack() as stack:
        if spec is not None and spec.runnable and (subject := _live(stack, settings, version, spec, source, say)):
            yield subject
            return
        if told is None:
            assert spec is not None
            told = snapshot(settings, spec)
        yield described(version.name, stack.enter_context(host(version.name)), told, f"{source}, as registered" if spec else source)


def _live(stack: contextlib.ExitStack, settings: Settings, version: Version, spec: Spec, source: str, say: Progress) -> Subject | None:
    try:
        process = stack.enter_context(agent(settings, spec, environment=version.name, say=say.step))
        unchanged = version.snapshot is None or process.snapshot().fingerprint == version.snapshot.fingerprint
        return running(settings, version.name, process, source) if unchanged else None
    except ConfigurationError:
        if version.snapshot is None:
            raise
        return None  # its source is gone or does not load any more


def run(
    settings: Settings, versions: Sequence[Version], *, on_live: bool, ignore: tuple[str, ...], synchronizations: Sequence[Synchronization],
    contract: Callable[[str], None] | None, newest: Callable[[dict[str, Snapshot]], str], traffic: Traffic, say: Progress,
) -> Trial:
    """Try the versions on clones of the live schema.

    `traffic`: what the services send. `newest` says, of the snapshots by environment, which version the contracts are made for; `contract`
    applies them to a clone for it alone.
    """
    with contextlib.ExitStack() as stack, threads() as pool:
        say.step("copying the live schema and loading " + " and ".join(f"{v.name} ({v.source or v.spec})" for v in versions))
        taken = pool.submit(clone.take, settings.url)
        loading = [pool.submit(_enter, stack, opened(settings, v, say)) for v in versions]
        live = taken.result()
        cloning = pool.submit(_enter, stack, clone.clone(settings, live))
        subjects = [f.result() for f in loading]
        snapshots = {s.name: s.snapshot for s in subjects}
        candidate = newest(snapshots)
        building = [pool.submit(_own, settings, stack, s, live, ignore) for s in subjects]
        contracted = pool.submit(_contracted, settings, stack, live, contract, ignore) if contract and candidate in snapshots else None
        here = texts.told(facts.read(cloning.result(), ignore=ignore), synchronizations)
        for f in building:
            f.result()
        for s in subjects:
            if s.static:
                reflect(s)
        tried_on = replace(facts.read(settings.url, ignore=ignore), texts=here.texts) if on_live else here
        say.step("round trip" + (", on the live database, rolled back" if on_live else ""))
        limits, synchronized = ON_LIVE if on_live else "", {s.table for s in synchronizations}
        pairs = [(s, next((o for o in subjects if o is not s), None)) for s in subjects]
        jobs = [pool.submit(_alone, s, o, _met(tried_on, live, s, candidate), "expanded", limits, synchronized) for s, o in pairs]
        probes = [p for job in jobs for p in job.result()]
        probes += filter(None, (bare(s, here, candidate=s.name == candidate or o is None) for s, o in pairs))
        if len(subjects) == 2:
            say.step("cross-read")
            probes += _crossed(subjects, here, synchronizations, candidate, pool)
            probes += [identity(s, o, here, candidate=candidate) for s, o in pairs if o is not None]
        after = contracted.result() if contracted else None
        if traffic.statements:
            say.step(f"{len(traffic.statements)} statements that the services send")
            probes += filter(None, (
                statements(s, o, traffic, here.url, after.url if after else None, live=s.name != candidate,
                           prepared=settings.environment(s.name).prepared_statements)
                for s, o in pairs
            ))
        if after:
            say.step(f"{candidate} on the schema that the pending contracts leave")
            for s, o in pairs:
                if s.name == candidate:
                    probes += _alone(s, o, after, "contracted", "", ())
        for s in subjects:
            if given := settings.verify.command(s.name):
                say.step(f"{s.name}'s own command")
                probes.append(command(
                    s, given, partial(clone.clone, settings, live, "command"), partial(clone.own, settings, s.snapshot, live, "control"),
                    settings.verify.command_timeout,
                ))
    return Trial(
        probes=tuple(probes), snapshots=snapshots,
        findings=_common([f for p in probes for f in p.findings]),
        software={s.name: s.about for s in subjects} | {"scratch": {"postgresql": here.server}},
    )


def _enter(stack: contextlib.ExitStack, manager: contextlib.AbstractContextManager[T]) -> T:
    return stack.enter_context(manager)


def _own(settings: Settings, stack: contextlib.ExitStack, subject: Subject, live: clone.LiveSchema, ignore: tuple[str, ...]) -> None:
    try:
        subject.own = facts.read(stack.enter_context(clone.own(settings, subject.snapshot, live, subject.name)), ignore=ignore)
    except InfrastructureError as error:
        subject.own_fails = error.what


def _contracted(
    settings: Settings, stack: contextlib.ExitStack, live: clone.LiveSchema, contract: Callable[[str], None] | None, ignore: tuple[str, ...]
) -> Facts:
    assert contract is not None
    url = stack.enter_context(clone.clone(settings, live, "contracted"))
    contract(url)
    return facts.read(url, ignore=ignore)


def _met(on: Facts, live: clone.LiveSchema, subject: Subject, candidate: str) -> Facts:
    """The schema as the version meets it: only the candidate finds what was always NOT NULL as something that is not yet as it wants it."""
    return on if subject.name == candidate else replace(on, original=live.original)


def _alone(subject: Subject, other: Subject | None, on: Facts, schema: str, limits: str, synchronized: Collection[str]) -> list[Probe]:
    """Shape and round trip of one version."""
    began, expanded = time.monotonic(), schema == "expanded"
    found = shape(subject, on)
    trips = roundtrip(subject, other, on, found, schema=schema, limits=limits, synchronized=synchronized)
    lacking = [*unused(subject, found, trips, schema), *masked(subject, other, on, found, trips, synchronized)]
    own = [Finding(
        code="BGM807", severity="info", version=subject.name, probe="shape",
        what=f"{subject.name} was not tried on a schema of its own: {subject.own_fails}",
        why="Without it, what fails on every schema cannot be told from what fails on this one.",
        next="Nothing, if its DDL needs its migrations to run.",
    )] if subject.own_fails and expanded else []
    lacking += [*defaults(subject, other, on), *bound(subject, other, on, limits)] if expanded else []
    drift = found.drift if expanded else ()
    spent = time.monotonic() - began - sum(t.seconds for t in trips)
    return [
        Probe(
            probe="shape", version=subject.name, checked=found.checked, failed=len(found.tables) + len(found.columns), seconds=max(spent, 0.0),
            findings=(*lacking, *drift, *own), schema=schema, tables=rows(found.tried, (*found.tables, *(t for t, _ in found.columns))),
        ),
        *trips,
    ]


def _crossed(
    subjects: Sequence[Subject], here: Facts, synchronizations: Sequence[Synchronization], candidate: str, pool: ThreadPoolExecutor
) -> list[Probe]:
    # at once: each row is committed by itself, so they hardly wait for each other's unique values
    written = list(pool.map(lambda s: s.write(here, [o.snapshot for o in subjects if o is not s]), subjects))
    own = list(pool.map(lambda s, rows: s.read(here, list(rows)), subjects, written))
    # at once: each deletes, and takes back, only what the other wrote
    return list(pool.map(
        lambda i: crossread(subjects[i], subjects[1 - i], written[i], own[i], here, synchronizations, candidate=candidate), (0, 1)
    ))


def _common(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Errors first; the same thing found on two schemas is told once."""
    seen: dict[tuple[str | None, ...], Finding] = {}
    for f in sorted(findings, key=lambda f: ("error", "warning", "info").index(f.severity)):
        seen.setdefault((f.code, f.version, f.table, f.column, f.what.removeprefix("once the pending contracts are applied, ")), f)
    return tuple(seen.values())
