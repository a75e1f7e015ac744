"""What evidence is about: the fingerprint of everything that a verdict depends on. Another fingerprint, and the evidence is stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bgmigrate import catalog, journal
from bgmigrate.database import Connection, identity
from bgmigrate.history.project import Project
from bgmigrate.journal import environments
from bgmigrate.journal import evidence as rows
from bgmigrate.settings import Settings

RULES = "1"  # counted up when the probes change in a way that makes old verdicts worthless


def fingerprint(
    *, identity: str, catalog: str, heads: Sequence[str], snapshots: Mapping[str, str], contract_plan: Mapping[str, str], rules: str = RULES
) -> str:
    """A hash of the database, its live catalog, what is applied, both versions' snapshots, the contracts to come, and our rules."""
    content = {
        "identity": identity, "catalog": catalog, "heads": sorted(heads), "snapshots": dict(snapshots), "contract_plan": dict(contract_plan),
        "rules": rules,
    }
    return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def current(connection: Connection, project: Project, settings: Settings, *, snapshots: Mapping[str, str] | None = None) -> str:
    """The fingerprint of things as they are now. `snapshots`: the versions' fingerprints, when they are not those that are registered.

    Raises Refused (BGM918) when the database names a revision that no file has.
    """
    return fingerprint(
        identity=identity(connection),
        catalog=catalog.fingerprint(connection, ignore=(project.version_table.name,)),
        heads=project.effective(project.recorded(connection)) if project.applied(connection) else (),
        snapshots=registered(connection, settings.service) if snapshots is None else snapshots,
        contract_plan=contract_plan(connection, project),
    )


def registered(connection: Connection, service: str) -> dict[str, str]:
    """The fingerprint of the version that stands in each environment; a candidate stands before what it will replace."""
    if not journal.exists(connection):
        return {}
    found = {name: environments.present(connection, service, name) for name in ("blue", "green")}
    return {name: version.snapshot.fingerprint for name, version in found.items() if version}


def contract_plan(connection: Connection, project: Project) -> dict[str, str]:
    """The contracts that could be applied now, and what is in their files; those of expands yet to come are no part of today's verdict."""
    if not project.adopted:
        return {}
    applied, expands = project.applied(connection), {s.revision for s in project.expands()}
    ready = [c for c in project.pending_contracts(connection) if project.closure([c.revision]) & expands <= applied]
    return {c.revision: hashlib.sha256(Path(c.path).read_bytes()).hexdigest() for c in ready}


def carry(connection: Connection, project: Project, settings: Settings, *, before: str, because: str) -> bool:
    """Let evidence live on over a step of ours that it vouched for (one of several contracts); says whether there was any.

    `before`: `current()` from before the step. Evidence that was stale then stays stale.
    """
    last = rows.latest(connection, settings.service)
    if last is None or last.outcome != "passed" or last.fingerprint != before:
        return False
    document = last.document | {"carried": {"from": last.id, "because": because}}
    rows.record(connection, service=settings.service, kind=last.kind, fingerprint=current(connection, project, settings), outcome="passed",
                document=document)
    return True
