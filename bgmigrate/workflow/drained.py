"""Contract's gate, asked until the retired version is provably gone, or time is up; and the fence, once nothing else is in the way."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence

from bgmigrate.database import Connection
from bgmigrate.gate import Verdict
from bgmigrate.history.project import Project
from bgmigrate.progress import Progress
from bgmigrate.routing import store
from bgmigrate.routing.sent_since import remember
from bgmigrate.settings import Settings
from bgmigrate.workflow.fence import raise_fence, role_to_fence
from bgmigrate.workflow.guards import contract_verdict
from bgmigrate.workflow.removals import contracted

SESSIONS = "BGM912"
ENDS = {SESSIONS, "BGM963", "BGM966", "BGM995"}  # what ends by itself, some time
GONE = {*ENDS, "BGM962", "BGM964"}  # all that is about the retired version's being gone


def ask(
    connection: Connection, project: Project, settings: Settings, contracts: Sequence[str], *, drained: str | None, wait: float, fence: bool,
    say: Progress,
) -> Verdict:
    """The gate's verdict; while sessions are all that is in the way, it is asked again until they are gone and quiet, or `wait` seconds are over.

    `fence`: NOLOGIN for the retired role as soon as nothing but its being gone is in the way; what speaks against that is raised before.
    """
    deadline = time.monotonic() + wait
    live = store.live(connection, settings.service)
    if fence and live:
        role_to_fence(connection, settings, live.idle)
    quiet_since: float | None = None
    said, first, seen = "", True, False
    about = [contracted(project, c) for c in contracts]
    one = functools.partial(contract_verdict, connection, project, settings, contracts, drained, say=say, about=about)
    while True:
        verdict = one(rows=first)  # not all rows at every look: again when nothing else is in the way
        codes, now = {f.code for f in verdict.findings}, time.monotonic()
        if fence and live and codes <= GONE and not (settings.contract.sessions == "fail" and SESSIONS in codes):
            raise_fence(connection, settings, live.idle, say)
            fence = False
            if SESSIONS in codes and settings.contract.sessions == "terminate":
                deadline = max(deadline, now + 5)  # a session that is told to end takes an instant
                first = False
                continue
        if live and (SESSIONS in codes or seen) and now < deadline:
            # what its sessions have sent while they were seen is no sign of others: it is waited for that they end
            seen = SESSIONS in codes
            remember(connection, settings.service, live.generation, settings.environment(live.idle))
            codes -= {"BGM962"}
        if not codes and not verdict.open:
            continue
        if verdict.open:
            quiet_since = quiet_since or now
            if now - quiet_since >= settings.contract.quiet_for or drained:
                return verdict if first else one()
        else:
            quiet_since = None
            if not codes <= ENDS or now >= deadline:
                return verdict
            if said != (said := verdict.findings[0].what):
                say.step(f"waiting: {said}")
        first = False
        time.sleep(0.25)
