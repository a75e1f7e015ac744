"""Do other services of this database still map what a contract removes?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bgmigrate.database import Connection
from bgmigrate.findings import Finding
from bgmigrate.journal import environments
from bgmigrate.workflow.removals import Removal


def mapped_elsewhere(connection: Connection, service: str, removals: Sequence[Removal]) -> Iterator[Finding]:
    """A finding (BGM961) for each version of another service that has one of these tables or columns in its models."""
    if not removals:
        return
    names = connection.execute(
        "SELECT DISTINCT service FROM bgmigrate.version WHERE service <> %s AND state IN ('deployed', 'candidate') ORDER BY 1", (service,)
    ).fetchall()
    for (other,) in names:
        for environment in ("blue", "green"):
            found = (environments.deployed(connection, other, environment), environments.candidate(connection, other, environment))
            for version in (v for v in found if v):
                for removal in removals:
                    table = version.snapshot.tables.get(removal.table)
                    if table is None or (removal.column and removal.column not in table.columns):
                        continue
                    yield Finding(
                        code="BGM961", table=removal.table, column=removal.column, version=version.version,
                        what=f"{removal} is mapped by version {version.version} of service {other} ({environment})",
                        why="That service's statements would fail.",
                        next=f"Release {other} without it first; or, if that version is gone: bgmigrate register --retire --env {environment}"
                        f" --version {version.version} in {other}'s project.",
                    )
