"""The gates in front of contract and rollback, for `bgmigrate`'s commands and for plain `alembic` alike."""

from __future__ import annotations

from collections.abc import Sequence

from bgmigrate import catalog, evidence, gate
from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.gate import Proof, Verdict
from bgmigrate.history.project import Project
from bgmigrate.journal import backfills, environments, heartbeats, quarantines, revisions
from bgmigrate.journal import evidence as evidence_rows
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.routing import drain, plane, store
from bgmigrate.routing.holders import holders, strangers
from bgmigrate.routing.sent_since import since
from bgmigrate.settings import Settings
from bgmigrate.sql import compose
from bgmigrate.workflow.closing import disagreements, without_values
from bgmigrate.workflow.other_services import mapped_elsewhere
from bgmigrate.workflow.promotion import begun_since, is_live
from bgmigrate.workflow.removals import Contracted, contracted
from bgmigrate.workflow.standing import refuse_unended
from bgmigrate.workflow.triggers import broken


def contract_verdict(
    connection: Connection, project: Project, settings: Settings, contracts: Sequence[str], drained: str | None = None, *,
    say: Progress | None = None, rows: bool = True, about: Sequence[Contracted] | None = None,
) -> Verdict:
    """May these contract revisions be applied now? `drained`: the stated reason that the retired version is gone. `rows`: ask every row, too.

    `about`: what these revisions remove, where that has been read before.
    """
    live = store.live(connection, settings.service)
    applied = project.applied(connection)
    needed = project.closure(contracts) & {s.revision for s in project.expands()}
    begun = {r.revision for r in revisions.all(connection) if r.phase == "expand"}
    retired = live.idle if live else None
    environment = settings.environment(retired) if retired else settings.environment("blue")
    refuse_unended(connection, settings.service)
    missing = [r for r in sorted(needed) if r not in applied]
    found = evidence_rows.latest(connection, settings.service)
    # A contract that has begun met an open gate; what it has done since changes the schema, and is no reason to refuse its end.
    resumed = contracts[0] in {r.revision for r in revisions.all(connection) if r.phase == "contract"} - applied
    resumed = resumed or contracts[0] in {q.revision for q in quarantines.all(connection)}
    # Looked at first: what a session wrote before it was gone is then seen by what is asked of the rows.
    sessions, unprovable = [str(s) for s in drain.sessions(connection, environment)], drain.unprovable(connection, environment) if retired else None
    now = found.fingerprint if resumed and found else evidence.current(connection, project, settings)
    about = [contracted(project, c) for c in contracts] if about is None else about
    tables = sorted({t for a in about for t in a.tables})
    # What was right while blue was there may be so no more: it may have written since what `forward` cannot take.
    basis = f"contract, generation {live.generation if live else 0}, {'drained' if not sessions else 'connected'}"
    return gate.contract_gate(
        development=environments.development(connection),
        live=live.environment if live else None,
        candidate_live=all(is_live(connection, settings.service, project, c) for c in contracts),
        running=[r for r in missing if r in begun],
        pending=[r for r in missing if r not in begun],
        backfills=[b for b in backfills.pending(connection) if b.revision in needed],
        closing=[
            *broken(connection), *without_values(connection, needed),
            *(disagreements(connection, needed, say=say, basis=basis).findings if rows and not missing else []),
        ],
        proof=Proof(evidence=found, fingerprint=now, expires=settings.verify.expires),
        retired=retired,
        sessions=sessions,
        unprovable=unprovable,
        drained=drained,
        elsewhere=list(mapped_elsewhere(connection, settings.service, [r for a in about for r in a.removals])),
        inflight=plane.inflight(settings, retired) if retired else (),
        holders=holders(connection, environment) if live else (),
        sent=since(connection, settings.service, live.generation, environment, tables) if live else (),
        strangers=[str(s) for s in strangers(connection, settings, tables)],
        heartbeats=[
            f"{b.name}, alive until {b.until:%Y-%m-%d %H:%M}," for b in heartbeats.alive(connection, settings.service, retired)
        ] if retired else (),
    )


def contract_guard(on: Runtime, revision: str) -> None:
    """For plain `alembic upgrade`: the same gate, except where the database is empty and nothing is live, so that heads can be built."""
    c = on.connection
    if revision in {q.revision for q in quarantines.all(c)}:
        raise Refused(
            f"contract {revision} is in quarantine: what it drops has other names now",
            why="Alembic would look for the old names, and record it as done.",
            next="bgmigrate contract --purge drops it, bgmigrate contract --undo takes it back.", code="BGM960",
        )
    if environments.development(c) or (store.live(c, on.settings.service) is None and _empty(c)):
        return
    contract_verdict(c, Project.open(on.settings), on.settings, [revision]).enforce(revision=revision)


def rollback_guard(on: Runtime, revision: str) -> None:
    """For plain `alembic downgrade`: an expand that the live version was made live with stays."""
    c = on.connection
    refuse_in_quarantine(c, Project.open(on.settings), [revision])
    live = store.live(c, on.settings.service)
    if live is not None and revision not in {r.revision for r in begun_since(c, on.settings.service)}:
        raise Refused(
            f"expand revision {revision} cannot be undone: {live.environment} is live and was made live after it",
            why="The live version reads and writes what this revision made.",
            next="Go back first (bgmigrate switch), or go forward with a new change.", code="BGM917",
        )


def refuse_in_quarantine(connection: Connection, project: Project, expands: Sequence[str]) -> None:
    """Raise Refused where a contract of these expands is in quarantine: a rollback would not find what it undoes."""
    for q in quarantines.all(connection):
        if project.closure([q.revision]) & {*expands}:
            raise Refused(
                f"contract {q.revision} is in quarantine: what its expand has made stands under other names", code="BGM960",
                why="A rollback would leave these behind.", next="bgmigrate contract --undo, then bgmigrate rollback",
            )


def _empty(connection: Connection) -> bool:
    """Has no table of the application any row?"""
    return not any(
        connection.execute(compose("SELECT 1 FROM {t:t} LIMIT 1", t=t).encode()).fetchone() for t in catalog.read(connection).tables
    )
