"""What the live rows say to a plan: its demands, asked at once and without changing anything, so that nobody learns of duplicates in a release."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import psycopg

from bgmigrate.changes import Planned
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Refused
from bgmigrate.findings import Finding
from bgmigrate.ops import RequireData, Step
from bgmigrate.ops.runtime import Runtime
from bgmigrate.planner.propose import Proposal
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings

# The live database may be behind the migrations: what is not there yet has no rows, and expand asks again.
BEHIND = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedObject)


def look(proposal: Proposal, settings: Settings) -> tuple[Finding, ...]:
    """Ask the configured database what expand and contract will ask: a warning for each demand that its rows do not meet now.

    Raises Refused for what no mending of rows will change, such as a view that would stand in the way.
    """
    asked = [(phase, step) for phase, planned in (("expand", proposal.expand), ("contract", proposal.contract)) for step in _looks(planned)]
    if not asked or not settings.database_url:
        return ()
    found: list[Finding] = []
    with connect(settings.url, purpose="plan") as c:
        done: list[Step] = []
        for phase, step in asked:
            if step not in done:
                done.append(step)
                found += _ask(c, settings, phase, step)
    return tuple(found)


def _looks(planned: Iterable[Planned]) -> Iterable[Step]:
    return (p.step for p in planned if p.step.looks)


def _ask(connection: Connection, settings: Settings, phase: str, step: Step) -> list[Finding]:
    told: list[Finding] = []
    runtime = Runtime(connection, settings.url, settings, Progress(-1), {"bgmigrate.findings": told})
    try:
        step.run(runtime)
    except Refused as refused:
        if isinstance(refused.__cause__, BEHIND):
            return []
        if step.settles:
            raise
        mended = phase == "expand" and isinstance(step, RequireData)
        later = ', or let contract look for them: "on_violation": "later" in the column\'s or the table\'s hints' if mended else ""
        return [replace(f, severity="warning", why=f"bgmigrate {phase} refuses while it is so. {f.why}", next=f.next.rstrip(".") + later + ".")
                for f in refused.findings]
    except psycopg.errors.InsufficientPrivilege as error:
        return [
            Finding(
                code="BGM904", severity="warning", what=f"the rows could not be asked: {error.diag.message_primary}",
                why=f"bgmigrate {phase} asks them before it changes anything: op.{step.verb}.",
                next="GRANT SELECT to the role that plans, or leave it to the role that expands.",
            )
        ]
    return told
