"""Make the idle environment live; the same command goes back."""

from __future__ import annotations

import contextlib

from bgmigrate import evidence, gate, journal
from bgmigrate.database import Connection, connect, identity
from bgmigrate.errors import ConfigurationError
from bgmigrate.gate import Proof, Verdict
from bgmigrate.history.project import Project
from bgmigrate.journal import backfills, environments, intents, quarantines, revisions
from bgmigrate.journal import evidence as evidence_rows
from bgmigrate.journal.intents import Intent
from bgmigrate.locking import run_lock
from bgmigrate.progress import Progress
from bgmigrate.routing import store
from bgmigrate.routing.sent_since import remember
from bgmigrate.routing.store import Kind, Live
from bgmigrate.settings import Settings
from bgmigrate.workflow.catching_up import catch_up_all
from bgmigrate.workflow.consumers import left_without
from bgmigrate.workflow.promotion import begun_since
from bgmigrate.workflow.report import Report
from bgmigrate.workflow.standing import refuse_unended
from bgmigrate.workflow.switching import Switching
from bgmigrate.workflow.triggers import broken


def switch(
    settings: Settings, *, to: str | None = None, reason: str = "", dry_run: bool = False, resume: bool = False, wait: float = 0.0,
    progress: Progress | None = None,
) -> Report:
    """Make an environment live, if its gate is open: fresh evidence for its candidate; on the way back only what is certain to break.

    A switch that was killed is finished first, with or without `resume`, or put back when `to` is where it came from. `wait`: seconds to wait for
    another run to end. Raises ConfigurationError when nothing is live yet, Refused, EvidenceMissing, NotReady or Conflict when it may not be,
    InfrastructureError when it was put back, Disagreement when that failed, too.
    """
    say = progress or Progress()
    with connect(settings.url, purpose="switch") as connection:
        _live(connection, settings)
    journal.ensure(settings.url)
    with contextlib.ExitStack() as stack:
        if not dry_run:
            stack.enter_context(run_lock(settings.url, settings.service, command="switch", wait=wait))
        connection = stack.enter_context(connect(settings.url, purpose="switch"))
        run, live = Switching(connection=connection, settings=settings, say=say), _live(connection, settings)
        if run.authority is not None:
            stack.callback(run.authority.close)
            if not dry_run:
                stack.enter_context(run.authority.locked(identity(connection)))
        if dry_run:
            refuse_unended(connection, settings.service)
        if intent := intents.unfinished(connection, settings.service):
            if ended := _resume(run, intent, live, to, say):
                return ended
            to, live = to or intent.to_environment, _live(connection, settings)
        elif resume and to is None:
            return _nothing(settings, live, "no switch was left unfinished")
        held = run.held(live, to)
        if to == live.environment:
            return _nothing(settings, live, f"{live.environment} is live already")
        project, target = Project.open(settings), live.idle
        kind = direction(connection, settings.service, live)
        say.step(f"asking the gate: {live.environment} → {target}" + (", back to the version before" if kind == "back" else ""))
        if kind == "forward" and not dry_run:
            _caught_up(connection, settings, say)
        verdict = _back(connection, project, settings, target) if kind == "back" else _forward(connection, project, settings, target)
        verdict.enforce(**{"from": live.environment, "to": target, "direction": kind})
        run.reach(target)
        if not dry_run:
            live = run.begin(live, target, kind, reason, held)
            remember(connection, settings.service, live.generation, settings.environment(live.idle))
        return _report(connection, project, settings, live, target, kind, dry_run, run)


def _resume(run: Switching, intent: Intent, live: Live, to: str | None, say: Progress) -> Report | None:
    """Finish what was begun, or put it back when the environment before it is asked for; None when the gate is to be asked after it."""
    say.step(f"a switch to {intent.to_environment} by {intent.by} has not ended: {intent.state}")
    connection, settings = run.connection, run.settings
    if not run.resume(intent, live):
        return _nothing(settings, live, "the unfinished switch had changed nothing") if to == intent.from_environment else None
    live = _live(connection, settings)
    undone = intent.state == "undoing" or to == intent.from_environment
    live = run.undo(intent, live) if undone else run.finish(intent, live)
    remember(connection, settings.service, live.generation, settings.environment(live.idle))
    if undone and to == intent.to_environment:
        return None
    kind: Kind = intent.kind if not undone else "back" if intent.kind == "forward" else "forward"
    return _report(connection, Project.open(settings), settings, live, live.environment, kind, False, run)


def _caught_up(connection: Connection, settings: Settings, say: Progress) -> None:
    """What Python makes of rows that the live version wrote lately is there when the candidate reads them; what comes later waits for `backfill`."""
    rows, left = catch_up_all(connection, settings, say)
    if left:
        say.step(f"{rows:,} rows that were written lately have their values; {left:,} were written since: run bgmigrate backfill after the switch")


def direction(connection: Connection, service: str, live: Live) -> Kind:
    """Say whether making the other environment live takes the last switch back, or goes forward to a candidate.

    Once the next release's expand has begun, what stands in the other environment may be its version, registered or not: that is forward.
    """
    last = next(iter(store.history(connection, service, 1)), None)
    undoes = last is not None and last.kind == "forward" and last.from_environment == live.idle
    next_release = environments.candidate(connection, service, live.idle) is not None or begun_since(connection, service)
    return "back" if undoes and not next_release else "forward"


def _live(connection: Connection, settings: Settings) -> Live:
    live = store.live(connection, settings.service) if journal.exists(connection) else None
    if live is None:
        raise ConfigurationError(
            f"no environment of {settings.service} is live yet", why="Nobody knows which version has the traffic now.",
            next="Say what runs: bgmigrate register --env blue --version NAME --source SPEC",
        )
    return live


def _forward(connection: Connection, project: Project, settings: Settings, target: str) -> Verdict:
    candidate = environments.present(connection, settings.service, target)
    applied = project.applied(connection)
    # what was finished and has no file any more was squashed into a baseline
    squashed = {r.revision for r in revisions.all(connection) if r.state == "done"} - {s.revision for s in project.script.walk_revisions()}
    begun = {r.revision for r in revisions.all(connection) if r.phase == "expand"} - applied - squashed
    pending = [s.revision for s in project.pending_expands(connection)] if project.adopted else []
    return gate.switch_gate(
        development=environments.development(connection), environment=target, candidate=candidate.version if candidate else None,
        running=sorted(begun), pending=[r for r in pending if r not in begun], backfills=backfills.pending(connection),
        proof=Proof(
            evidence=evidence_rows.latest(connection, settings.service), fingerprint=evidence.current(connection, project, settings),
            expires=settings.verify.expires,
        ),
        services=list(left_without(connection, settings.service, candidate)),
    )


def _back(connection: Connection, project: Project, settings: Settings, target: str) -> Verdict:
    promoted = next(s.at for s in store.history(connection, settings.service) if s.to_environment == target and s.kind != "back")
    began = {r.revision: r for r in revisions.all(connection)}
    held = {q.revision for q in quarantines.all(connection)}
    # A contract ends every version that was there before its expand; one that was promoted after that expand runs on.
    gone = []
    for contract in project.contracts() if project.adopted else ():
        if contract.revision in began.keys() | held:
            expands = [began[e] for e in project.closure([contract.revision]) if e in began and began[e].phase == "expand"]
            since = max((e.started_at for e in expands), default=began[contract.revision].started_at if contract.revision in began else promoted)
            if since > promoted:
                gone.append(contract.revision)
    project.applied(connection)  # raises when the database names a revision that no file has
    return gate.back_gate(
        development=environments.development(connection), environment=target, contracted=gone, triggers=broken(connection),
        quarantined=[r for r in gone if r in held and r not in began],
        services=list(left_without(connection, settings.service, environments.present(connection, settings.service, target))),
    )


def _nothing(settings: Settings, live: Live, text: str) -> Report:
    return Report(
        command="switch", outcome="nothing_to_do", service=settings.service, extra={"live": live.environment, "generation": live.generation},
        lines=(f"{text} (since {live.since:%Y-%m-%d %H:%M:%S}, by {live.by})",),
    )


def _report(
    connection: Connection, project: Project, settings: Settings, live: Live, target: str, kind: Kind, dry_run: bool,
    run: Switching,
) -> Report:
    if dry_run:
        text, next_ = f"the gate is open: {target} may be made live", f"bgmigrate switch --to {target}"
    else:
        text = f"{target} is live (generation {live.generation}); " + _followed(run)
        next_ = "bgmigrate contract" if kind == "forward" and project.adopted and project.pending_contracts(connection) else "bgmigrate status"
    return Report(
        command="switch", outcome="done", service=settings.service, fingerprint=evidence.current(connection, project, settings),
        extra={"live": live.environment, "to": target, "generation": live.generation, "direction": kind, "dry_run": dry_run,
               "actuators": [s.as_json() for s in run.seen], "seconds": run.seconds},
        lines=(text,), next=next_,
    )


def _followed(run: Switching) -> str:
    if not run.seen:
        return "point the router at it"
    return f"{len(run.seen)} instances were seen there, the last after {max(s.seconds or 0 for s in run.seen) * 1000:.0f} ms"
