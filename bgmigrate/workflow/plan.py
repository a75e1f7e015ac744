"""Compare the next version with the schema, split what differs, and write it as revisions for a person to review."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bgmigrate import catalog, journal
from bgmigrate.changes import Differences
from bgmigrate.changes.difference import Side
from bgmigrate.changes.hints import Hints, merged, of_models
from bgmigrate.database import connect
from bgmigrate.errors import ConfigurationError, Refused
from bgmigrate.findings import Finding
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.journal import environments, synchronizations
from bgmigrate.journal.environments import Registered
from bgmigrate.journal.synchronizations import Synchronization
from bgmigrate.ops import (
    AddColumns,
    AddConstraint,
    Attach,
    BuildFunction,
    BuildIndex,
    BuildSequence,
    BuildTable,
    BuildView,
    SynchronizeColumns,
)
from bgmigrate.planner.compare import compare
from bgmigrate.planner.databases import Versions, built
from bgmigrate.planner.look import look
from bgmigrate.planner.pending import unmade
from bgmigrate.planner.propose import Proposal, propose
from bgmigrate.planner.prove import prove
from bgmigrate.planner.renames import undecided
from bgmigrate.planner.speech import DriverSpeech
from bgmigrate.planner.write import write
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.versions.load import snapshot_of, working_tree
from bgmigrate.versions.spec import Spec, parse
from bgmigrate.workflow.ask import about_renames
from bgmigrate.workflow.models import with_default_models
from bgmigrate.workflow.report import Report


def plan(
    settings: Settings, *, message: str, from_spec: str | None = None, target_spec: str | None = None, dry_run: bool = False,
    hints: Iterable[tuple[str, str]] = (), progress: Progress | None = None,
) -> Report:
    """Write one expand and, if needed, one contract revision; nothing where nothing differs.

    `hints`: (flag, text) as on the command line. Raises Refused (exit 3) naming every difference that cannot be split, every missing hint
    and every expression that the server refuses; then nothing is written.
    """
    say = progress or Progress()
    project = Project.open(settings)
    project.anchor("expand"), project.anchor("contract")
    facts = runner.target(project)
    ignore = {facts.version_table, "alembic_version"}
    say.step("comparing the target with the schema that the migrations give")
    with (
        DriverSpeech(settings, _runnable(settings, from_spec, target_spec)) as speech,
        built(settings, project, _versions(settings, from_spec, target_spec), first=lambda: _live_schema(settings, project)) as both,
    ):
        differences = compare(both, _hints(both.target, hints), facts, speech)
        asked = about_renames(undecided(differences))
        if asked is not None:
            hints = [*hints, *asked]
            return plan(settings, message=message, from_spec=from_spec, target_spec=target_spec, dry_run=dry_run, hints=hints, progress=say)
        differences.live = live = both.first
        proposal = propose(differences)
        if not proposal.changes:
            return Report(
                command="plan", outcome="nothing_to_do", service=settings.service, extra={"changes": [], "revisions": []},
                lines=("nothing to do: the migrations already give the target's schema",),
            )
        _refuse_taken_names(proposal, differences, live, project)
        _refuse_kept_in_step(proposal, _kept_in_step(settings), project)
        say.step("trying the plan on a throw-away database")
        prove(both.heads, differences, proposal, settings, ignore)
    found = look(proposal, settings)
    changes = [c.as_json() for c in proposal.changes]
    revisions = [] if dry_run else write(project, proposal, message)
    for revision in revisions:
        revision["path"] = _relative(revision["path"], settings.directory)
    return Report(
        command="plan", outcome="done", service=settings.service, findings=(*proposal.warnings, *found),
        extra={"changes": changes, "revisions": revisions},
        lines=tuple(_lines(proposal, revisions)),
        next="bgmigrate plan, without --dry-run" if dry_run else "review the revisions, then: bgmigrate expand",
    )


def _versions(settings: Settings, from_spec: str | None, target_spec: str | None) -> Versions:
    """How to describe the target and, where it is known, the version that is live."""
    def deployed() -> Snapshot:
        found = _deployed(settings)
        if found is None:
            raise ConfigurationError("no version is deployed yet", next="bgmigrate register --env blue --source SPEC", code="BGM922")
        return found

    known = with_default_models(settings, target_spec, *([from_spec] if from_spec else []))
    return Versions(
        target=lambda: snapshot_of(known, target_spec, deployed=deployed),
        blue=lambda: snapshot_of(known, from_spec, deployed=deployed) if from_spec else _deployed(settings),
    )


def _deployed(settings: Settings) -> Snapshot | None:
    found = _registered(settings)
    return found.snapshot if found else None


def _registered(settings: Settings) -> Registered | None:
    if not settings.database_url:
        return None
    with connect(settings.url, purpose="plan") as c:
        if not journal.exists(c):
            return None
        environment = environments.live_environment(c, settings.service)
        return environments.deployed(c, settings.service, environment) if environment else None


def _runnable(settings: Settings, from_spec: str | None, target_spec: str | None) -> dict[Side, tuple[Spec, str]]:
    """The versions that can be run, each with the environment whose interpreter and driver are its own."""
    known = _registered(settings)
    live = known.environment if known else "blue"
    source = from_spec if from_spec and from_spec != "deployed" else known.source if known else None
    here = working_tree(settings)
    texts: dict[Side, str | None] = {"green": target_spec or here, "blue": here if source == "working tree" else source}
    out: dict[Side, tuple[Spec, str]] = {}
    for side, text in texts.items():
        if text and (spec := parse(text, with_default_models(settings, text))).runnable:
            out[side] = (spec, live if side == "blue" else "green" if live == "blue" else "blue")
    return out


def _live_schema(settings: Settings, project: Project) -> catalog.Schema | None:
    """The service's database as it is; None when none is configured. Raises Refused when the files do not know its revision."""
    if not settings.database_url:
        return None
    with connect(settings.url, purpose="plan") as c:
        project.applied(c)
        return catalog.read(c, ignore={project.version_table.name, "alembic_version"})


def _hints(target: Snapshot, flags: Iterable[tuple[str, str]]) -> Hints:
    grouped: dict[str, list[str]] = {}
    for kind, text in flags:
        grouped.setdefault(kind, []).append(text)
    files = grouped.pop("file", [])
    hints = of_models(target)
    for file in [Path(f) for f in files]:
        hints = merged(hints, {}, file)
    return merged(hints, grouped, None)


def _refuse_taken_names(proposal: Proposal, differences: Differences, live: catalog.Schema | None, project: Project) -> None:
    """Refuse a name that the database still has for something that a pending contract drops."""
    if live is None:
        return
    taken: list[tuple[str, str | None]] = []
    for planned in proposal.expand:
        step = planned.step
        if isinstance(step, BuildTable) and step.table in live.tables:
            taken.append((step.table, None))
        if isinstance(step, BuildSequence) and step.name in live.sequences:
            taken.append((step.name, None))
        if isinstance(step, Attach) and (step.kind, step.table, step.name) in live.things:
            taken.append((step.table, step.name))
        if isinstance(step, BuildView) or (isinstance(step, BuildFunction) and not step.was):
            taken += [(t.named, None) for t in live.things.values() if t.kind in ("function", "view") and t.sql == step.name]
        if isinstance(step, (AddColumns, SynchronizeColumns)) and step.table in live.tables:
            added = step.columns if isinstance(step, AddColumns) else step.add
            taken += [(step.table, c) for c in added if c in live.tables[step.table].columns]
        if isinstance(step, (BuildIndex, AddConstraint)) and step.table in live.tables:  # it would be taken for done, and dropped later
            there = live.tables[step.table]
            invalid = isinstance(step, BuildIndex) and step.name in there.indexes and not there.indexes[step.name].valid  # rebuilt
            taken += [(step.table, n) for n in (step.name,) if (n in there.indexes or n in there.constraints) and not invalid]
    findings = unmade(proposal.expand, differences.heads, live, project)
    for table, column in taken:
        name = f"{table}.{column}" if column else table
        text = f'"{column or table}"'
        holders = [s.revision for s in project.contracts() if text in Path(s.path).read_text(encoding="utf-8")]
        findings.append(
            Finding(
                code="BGM919", table=table, column=column, revision=holders[-1] if holders else None,
                what=f"{name} is still there: contract revision {', '.join(holders) or '(unknown)'} that drops it has not been applied",
                why="The new version would get the old one's values, and that contract would then drop the new version's.",
                next="Apply it first (bgmigrate contract), or use another name.",
            )
        )
    if findings:
        raise Refused(findings[0].what, why=findings[0].why, next=findings[0].next, findings=findings)


def _kept_in_step(settings: Settings) -> list[Synchronization]:
    if not settings.database_url:
        return []
    with connect(settings.url, purpose="plan") as c:
        return synchronizations.all(c, held=True) if journal.exists(c) else []


def _refuse_kept_in_step(proposal: Proposal, kept: Sequence[Synchronization], project: Project) -> None:
    """Refuse to rename, retype or drop a column that an earlier release's trigger still writes: its contract comes first."""
    findings = []
    for change in proposal.changes:
        for table, name in sorted(change.touched):
            for sync in kept:
                if (table, name) in sync.written:
                    contract = project.contract_of(sync.revision)
                    findings.append(Finding(
                        code="BGM919", table=table, column=name, revision=contract.revision if contract else None,
                        what=f"{table}.{name} is still kept in step by expand revision {sync.revision}, whose contract has not been applied",
                        why="Two releases' triggers would write the same column, each by its own rule.",
                        next=f"Apply it first: bgmigrate contract{f' --to {contract.revision}' if contract else ''}.",
                    ))
    if findings:
        raise Refused(findings[0].what, why=findings[0].why, next=findings[0].next, findings=findings)


def _lines(proposal: Proposal, revisions: Sequence[dict[str, str]]) -> Iterable[str]:
    for change in proposal.changes:
        yield f"{change.kind.replace('_', ' ')}: {change.subject}"
        for phase, planned in (("expand", change.expand()), ("contract", change.contract())):
            yield from (f"  {phase:8} {line}" for p in planned for line in p.because)
    yield ""
    yield from (f"wrote {r['phase']} {r['revision']}: {r['path']}" for r in revisions)


def _relative(path: str, base: Path) -> str:
    here = Path(path)
    return str(here.relative_to(base)) if here.is_relative_to(base) else path


