"""Do both versions run on this schema? Runs the probes and records what came out as evidence."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bgmigrate import __version__, catalog, evidence, journal
from bgmigrate.database import Connection, connect, server_version
from bgmigrate.errors import ConfigurationError, Conflict
from bgmigrate.findings import Finding
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.journal import apis, environments, fences, quarantines, synchronizations
from bgmigrate.journal import evidence as rows
from bgmigrate.journal.environments import Registered
from bgmigrate.journal.quarantines import Aside
from bgmigrate.ops.set_aside import lifted
from bgmigrate.progress import Progress
from bgmigrate.reporting import files
from bgmigrate.routing import store
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.verify import sent, trial
from bgmigrate.verify.outcome import Probe
from bgmigrate.verify.tally import by_finding
from bgmigrate.verify.trial import Trial, Version
from bgmigrate.versions.load import working_tree
from bgmigrate.versions.spec import parse
from bgmigrate.workflow.closing import Compared, disagreements
from bgmigrate.workflow.models import with_default_models
from bgmigrate.workflow.promotion import begun_since
from bgmigrate.workflow.register import version_name
from bgmigrate.workflow.report import Report
from bgmigrate.workflow.triggers import broken

NOTHING = Compared()
ENVIRONMENTS = ("blue", "green")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the live database says before anything is tried. `contracts`: pending ones whose expands are applied."""

    catalog: str
    server: str  # its version
    live: str | None
    journaled: bool
    registered: dict[str, Registered]
    synchronizations: tuple[synchronizations.Synchronization, ...] = ()
    triggers: tuple[Finding, ...] = ()
    data: Compared = NOTHING  # rows in which the two versions disagree
    contracts: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    asides: tuple[Aside, ...] = ()  # what a contract holds in quarantine

    @property
    def idle(self) -> str:
        """The environment whose version is the candidate."""
        return store.OTHER[self.live or "blue"]

    def newest(self, tried: dict[str, Snapshot]) -> str:
        """The environment with the newer version: the idle one's candidate before the switch, the live one's version after it."""
        running, waiting = self.registered.get(self.live or ""), self.registered.get(self.idle)
        if running is None or waiting is None or self.idle not in tried or waiting.state == "candidate":
            return self.idle
        changed = tried[self.idle].fingerprint != waiting.snapshot.fingerprint
        return self.idle if changed or waiting.id > running.id else running.environment


def verify(
    settings: Settings, *, blue: str | None = None, green: str | None = None, on: Literal["scratch", "live"] = "scratch",
    report: Sequence[Path] = (), statements: Sequence[str] = (), progress: Progress | None = None,
) -> Report:
    """Try both versions on a clone of the live schema and record the evidence, where there is a journal.

    A SPEC for the idle environment registers that version as its candidate. Raises ConfigurationError (BGM922) for a version that
    cannot be loaded, InfrastructureError for servers that are away; what a version cannot do is in the report's findings. `report`: files to
    write, in the form that each one's suffix names (`.html`, `.xml` for JUnit); ConfigurationError before anything runs when one cannot be.
    """
    files.writable(report)
    say, began = progress or Progress(), time.monotonic()
    settings = with_default_models(settings, *(blue or green, green or blue))
    given = sent.handed_over([*settings.verify.statements, *statements])
    with connect(settings.url, purpose="verify") as connection:
        project = _project(settings)
        standing = _standing(connection, settings, project, say)
        counted = sent.counted(connection, {r: n for n in ENVIRONMENTS if (r := settings.environment(n).role)})
    if standing.live is None and blue and not green:  # nobody is live there: what is given is compared with the working tree
        settings = with_default_models(settings, None)
    versions = _versions(settings, {"blue": blue, "green": green}, standing)
    tried = trial.run(
        settings, versions, on_live=on == "live", ignore=_ignored(project), synchronizations=standing.synchronizations,
        contract=_contractor(project, standing) if project and standing.contracts else None, newest=standing.newest,
        traffic=sent.Traffic(statements=(*given, *counted.statements), hidden=counted.hidden), say=say,
    )
    probes = [*_live_probes(standing), *tried.probes]
    findings = [*standing.triggers, *standing.data.findings, *tried.findings, *_other_version(standing, tried)]
    outcome, code = _outcome(findings, probes)
    document: dict[str, Any] = {
        "outcome": outcome, "probes": [p.as_json(whole=True) for p in probes], "findings": [f.as_json() for f in findings],
        "versions": {v.name: v.source for v in versions}, "checked": _checked(probes, standing), "software": _software(standing, tried),
        "expires": settings.verify.expires, "on": on,
    }
    fingerprint, recorded = _record(settings, project, standing, versions, tried, document)
    files.write(report, document | {"service": settings.service, "fingerprint": fingerprint, "at": datetime.now(UTC), "recorded": recorded})
    return Report(
        command="verify", outcome=outcome, exit_code=code, service=settings.service, findings=tuple(findings), fingerprint=fingerprint,
        next=_next(outcome, findings, standing if fingerprint else None, tried),
        extra={
            "versions": document["versions"], "probes": [p.as_json() for p in probes], "evidence": recorded, "on": on,
            "checked": document["checked"], "software": document["software"],
        },
        lines=_lines(probes, outcome, recorded, time.monotonic() - began),
    )


def _project(settings: Settings) -> Project | None:
    try:
        return Project.open(settings)
    except ConfigurationError:
        return None  # a database with no history of ours can be verified as well


def _ignored(project: Project | None) -> tuple[str, ...]:
    return (project.version_table.name,) if project else ("alembic_version",)


def _standing(connection: Connection, settings: Settings, project: Project | None, say: Progress) -> Standing:
    journaled = journal.exists(connection)
    if journaled:
        journal.ensure(settings.url)
    live = store.live(connection, settings.service) if journaled else None
    found = {}
    # once the next release has begun, what the idle environment ran before is no candidate of it
    waiting = environments.candidate if journaled and begun_since(connection, settings.service) else environments.present
    for name in ENVIRONMENTS if journaled else ():
        of = environments.deployed if live and live.environment == name else waiting
        if present := of(connection, settings.service, name):
            found[name] = present
    contracts = evidence.contract_plan(connection, project) if project and project.adopted else {}
    return Standing(
        catalog=catalog.fingerprint(connection, ignore=_ignored(project)), server=server_version(connection),
        live=live.environment if live else None, journaled=journaled,
        registered=found, synchronizations=tuple(synchronizations.all(connection)) if journaled else (),
        triggers=tuple(replace(f, probe="triggers") for f in broken(connection)) if journaled else (),
        data=disagreements(connection, say=say) if journaled else NOTHING,
        contracts=tuple(contracts),
        asides=tuple(quarantines.asides(connection)) if journaled else (),
        recorded=tuple(project.recorded(connection)) if contracts and project else (),
    )


def _versions(settings: Settings, given: dict[str, str | None], standing: Standing) -> list[Version]:
    """Blue's and green's: as given, else as registered, else (for the candidate, when nothing is given) the working tree."""
    out = []
    for name in ENVIRONMENTS:
        known, text = standing.registered.get(name), given[name]
        if text and text != "deployed":
            out.append(Version(name=name, spec=parse(text, settings), source=text))
        elif known:
            editing = known.source == "working tree" and known.state == "candidate"  # it is tried as it is now
            source = working_tree(settings) if known.source == "working tree" else known.source
            out.append(Version(name=name, spec=parse(source, settings), snapshot=None if editing else known.snapshot, source=known.source))
        elif text:
            raise ConfigurationError(
                f"no version is registered for {name}", why="`deployed` is what the journal has registered.",
                next=f"bgmigrate register --env {name} --version NAME --source SPEC",
            )
        elif name == standing.idle and (not any(given.values()) or (standing.live is None and settings.models)):
            out.append(Version(name=name, spec=parse(working_tree(settings), settings), source="working tree"))
    return out


def _contractor(project: Project, standing: Standing) -> Callable[[str], None]:
    def contract(url: str) -> None:
        with connect(url, purpose="verify") as c:
            lifted(c, standing.asides)
        runner.stamp(project, url, *standing.recorded, scratch=True)  # the clone has the schema, not the version table's rows
        runner.upgrade(project, url, project.effective(standing.contracts), attributes={"bgmigrate.gate": "open"}, scratch=True)

    return contract


def _live_probes(standing: Standing) -> list[Probe]:
    """What was asked of the live database itself, whatever was cloned."""
    if not standing.synchronizations:
        return []
    asked = (("triggers", standing.triggers), ("data", standing.data.findings))
    tables = [s.table for s in standing.synchronizations]
    return [
        Probe(probe=probe, version=standing.live or "blue", checked=len(tables), failed=len(findings), tables=by_finding(tables, findings))
        for probe, findings in asked
    ]


def _checked(probes: Sequence[Probe], standing: Standing) -> dict[str, int]:
    """How much was tried, in all; `compared`: rows of the live database whose two sides were compared."""
    return {
        "tables": len({t for p in probes for t in p.tables if t}), "statements": sum(p.checked for p in probes if p.probe == "roundtrip"),
        "rows": sum(p.checked for p in probes if p.probe == "crossread"), "compared": standing.data.rows,
    }


def _software(standing: Standing, tried: Trial) -> dict[str, Mapping[str, str]]:
    """The versions of everything that took part."""
    ours = {"bgmigrate": __version__, "python": platform.python_version()}
    return {"bgmigrate": ours, "live": {"postgresql": standing.server}, **tried.software}


def _other_version(standing: Standing, tried: Trial) -> list[Finding]:
    """A SPEC for the live environment that is not what runs there proves nothing about what runs there."""
    known = standing.registered.get(standing.live or "")
    if known is None or known.snapshot.fingerprint == tried.snapshots[known.environment].fingerprint:
        return []
    return [Finding(
        code="BGM909", severity="warning", version=known.environment,
        what=f"what was tried for {known.environment} is not {known.version}, which is registered as running there",
        why="The gates ask for evidence about the registered version, so this evidence opens none.",
        next=f"bgmigrate register --env {known.environment} --source SPEC if that is what runs; else leave --{known.environment} out.",
    )]


def _outcome(findings: Sequence[Finding], probes: Sequence[Probe]) -> tuple[str, int]:
    if any(f.severity == "error" for f in findings):
        return "failed", 3
    return ("inconclusive", 4) if any(p.inconclusive for p in probes) else ("passed", 0)


def _record(
    settings: Settings, project: Project | None, standing: Standing, versions: Sequence[Version], tried: Trial, document: dict[str, Any]
) -> tuple[str | None, str]:
    """Record evidence, and the candidate that it is about. Returns the fingerprint, and what a person reads of it."""
    if not standing.journaled or project is None:
        return None, "not recorded: this database has no journal of bgmigrate"
    with connect(settings.url, purpose="verify") as connection, connection.transaction():
        if catalog.fingerprint(connection, ignore=_ignored(project)) != standing.catalog:
            raise Conflict(
                "the live schema changed while it was verified", why="What was tried is not what is there now.", next="Run the same command again.",
            )
        candidate = next((v for v in versions if v.name == standing.idle), None)
        if standing.live and candidate:
            _candidate(connection, settings, standing, candidate, tried)
        fingerprint = evidence.current(
            connection, project, settings, snapshots={name: s.fingerprint for name, s in tried.snapshots.items()}
        )
        rows.record(
            connection, service=settings.service, kind="verify", fingerprint=fingerprint, outcome=document["outcome"], document=document
        )
    return fingerprint, "recorded"


def _candidate(connection: Connection, settings: Settings, standing: Standing, version: Version, tried: Trial) -> None:
    known, snapshot = standing.registered.get(version.name), tried.snapshots[version.name]
    if known and known.snapshot.fingerprint == snapshot.fingerprint:
        return
    source = None if version.source == "working tree" else version.source
    fences.lift(connection, settings.service, version.name)  # what is tried there is to run
    environments.register(
        connection, service=settings.service, environment=version.name, version=version_name(settings, source), source=version.source,
        snapshot=snapshot, candidate=True,
    )
    if recorded := environments.candidate(connection, settings.service, version.name):
        apis.declare(connection, recorded.id, provides=settings.provides, requires=settings.requires)


def _next(outcome: str, findings: Sequence[Finding], standing: Standing | None, tried: Trial) -> str:
    if outcome == "passed":
        if not standing or not standing.live:
            return ""
        if standing.newest(tried.snapshots) == standing.live:  # after the switch: never advise to go back
            return "bgmigrate contract" if standing.contracts else "bgmigrate status"
        return f"bgmigrate switch --to {standing.idle}"
    return next((f.next for f in findings if f.severity == "error" or (outcome == "inconclusive" and f.code == "BGM806")), "")


def _lines(probes: Sequence[Probe], outcome: str, recorded: str, seconds: float) -> tuple[str, ...]:
    """For people: one line a probe, then the verdict; findings are printed after it."""
    def line(p: Probe) -> str:
        where = "".join(f" ({w})" for w in (p.driver, p.schema if p.schema != "expanded" else "") if w)
        trouble = "".join(f", {n} {word}" for n, word in ((p.failed, "failed"), (p.inconclusive, "inconclusive")) if n)
        return f"  {p.version:<6} {p.probe + where:<22} {p.checked:>5} tried{trouble}"

    return (*(line(p) for p in probes), f"verify {outcome} in {seconds:.1f} s; evidence {recorded}")
