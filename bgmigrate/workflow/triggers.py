"""Do the sync triggers that the journal knows keep both versions in step?"""

from __future__ import annotations

from bgmigrate.database import Connection
from bgmigrate.findings import Finding
from bgmigrate.journal import synchronizations
from bgmigrate.sql import template


def broken(connection: Connection) -> list[Finding]:
    """A finding (BGM808) for each trigger that is missing, disabled, or calls another function than it was made with."""
    there = {(table, name): (enabled, function) for table, name, enabled, function in connection.execute(template("sync_triggers").encode())}
    out = []
    for sync in synchronizations.all(connection, held=True):
        enabled, function = there.get((sync.table, sync.trigger), (None, None))
        if enabled is None:
            state = "is missing"
        elif enabled not in ("O", "A"):  # D: disabled, R: fires only on replicas
            state = "is disabled"
        elif function != sync.function.rpartition(".")[2].strip('"').removesuffix("()"):
            state = f"calls {function}, not {sync.function}"
        else:
            continue
        out.append(Finding(
            code="BGM808", table=sync.table, revision=sync.revision, what=f"the sync trigger {sync.trigger} of {sync.table} {state}",
            why="What one version writes does not reach the other's columns: they diverge.",
            next=f"ALTER TABLE {sync.table} ENABLE TRIGGER {sync.trigger}; then compare the rows written meanwhile."
            if state == "is disabled" else "bgmigrate verify says which columns have diverged.",
        ))
    return out
