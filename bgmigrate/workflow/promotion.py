"""Since when the live environment's version has been live, and what has been expanded for the next one since then."""

from __future__ import annotations

from datetime import datetime

from bgmigrate.database import Connection
from bgmigrate.history.project import Project
from bgmigrate.journal import revisions
from bgmigrate.journal.revisions import Revision
from bgmigrate.routing import store
from bgmigrate.routing.store import Live


def promoted(connection: Connection, service: str, live: Live) -> datetime:
    """When the live environment's version was made live for the first time: going back and forth again does not count."""
    return next(s.at for s in store.history(connection, service) if s.to_environment == live.environment and s.kind != "back")


def begun_since(connection: Connection, service: str) -> list[Revision]:
    """Expands begun for a version that is not live: all those that may be rolled back, oldest first."""
    live = store.live(connection, service)
    since = promoted(connection, service, live) if live else None
    return [r for r in revisions.all(connection) if r.phase == "expand" and (since is None or r.started_at > since)]


def is_live(connection: Connection, service: str, project: Project, contract: str) -> bool:
    """Is the version that this contract waits for the live one? It is when it was made live after the contract's expands began."""
    live = store.live(connection, service)
    if live is None:
        return False
    needed = project.closure([contract])
    began = [r.started_at for r in revisions.all(connection) if r.phase == "expand" and r.revision in needed]
    return not began or promoted(connection, service, live) > max(began)
