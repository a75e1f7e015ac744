"""Services by versions by what each still needs of the schema, and which versions of APIs they have of each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from bgmigrate import catalog, journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import ConfigurationError
from bgmigrate.history.project import Project
from bgmigrate.journal import apis, environments, heartbeats
from bgmigrate.journal.environments import Registered
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.removals import Removal, contracted
from bgmigrate.workflow.report import Report


def matrix(settings: Settings, *, progress: Progress | None = None) -> Report:
    """Say, of every service of this database, which versions there are, and what of the schema each needs, lacks, and is about to lose.

    What is about to go is read from this project's pending contracts; other projects' are theirs to say.
    """
    with connect(settings.url, purpose="matrix") as connection:
        if not journal.exists(connection):
            raise ConfigurationError(
                "no version is registered in this database", why="The matrix shows what the journal knows.",
                next="bgmigrate register --env blue --version NAME --source SPEC",
            )
        going = list(_going(connection, settings))
        there = {key: set(table.columns) for key, table in catalog.read(connection).tables.items()}
        services = [_service(connection, name, there, going) for (name,) in connection.execute(_SERVICES).fetchall()]
    return Report(
        command="matrix", outcome="done", service=settings.service, extra={"services": services},
        lines=tuple(line for s in services for line in _lines(s)) or ("no version is registered",),
    )


_SERVICES = "SELECT DISTINCT service FROM bgmigrate.version WHERE state IN ('deployed', 'candidate') ORDER BY 1"


def _going(connection: Connection, settings: Settings) -> Iterator[tuple[str, Removal]]:
    """Contracts that are pending, with what each removes."""
    try:
        project = Project.open(settings)
    except ConfigurationError:
        return  # a database is all there is
    for script in project.pending_contracts(connection) if project.adopted else ():
        for removal in contracted(project, script.revision).removals:
            yield script.revision, removal


def _service(
    connection: Connection, name: str, there: Mapping[str, Collection[str]], going: Sequence[tuple[str, Removal]]
) -> dict[str, Any]:
    live = environments.live_environment(connection, name)
    versions = []
    for environment in ("blue", "green"):
        found = (environments.deployed(connection, name, environment), environments.candidate(connection, name, environment))
        versions += [_version(connection, v, there, going) | {"live": environment == live and v.state == "deployed"} for v in found if v]
    return {"service": name, "live": live, "versions": versions}


def _version(
    connection: Connection, version: Registered, there: Mapping[str, Collection[str]], going: Sequence[tuple[str, Removal]]
) -> dict[str, Any]:
    tables = {key: list(table.columns) for key, table in sorted(version.snapshot.tables.items())}
    lacks = [key for key in tables if key not in there]
    lacks += [f"{key}.{c}" for key, columns in tables.items() if key in there for c in columns if c not in there[key]]
    loses = [
        {"table": r.table, "column": r.column, "revision": revision} for revision, r in going
        if r.table in tables and (r.column is None or r.column in tables[r.table])
    ]
    declared = apis.of(connection, version.id)
    return {
        "environment": version.environment, "version": version.version, "state": version.state, "source": version.source,
        "registered_at": version.registered_at, "tables": tables, "lacks": lacks, "loses": loses,
        "provides": sorted(declared.provides), "requires": sorted(declared.requires),
        "heartbeats": [{"name": b.name, "until": b.until} for b in heartbeats.alive(connection, version.service, version.environment)],
    }


def _lines(service: Mapping[str, Any]) -> Iterator[str]:
    yield service["service"]
    for v in service["versions"]:
        columns = sum(len(c) for c in v["tables"].values())
        state = "live" if v["live"] else v["state"]
        yield f"  {v['environment']:<6} {v['version']:<16} {state:<10} {len(v['tables'])} tables, {columns} columns"
        if v["lacks"]:
            yield f"         lacks {', '.join(v['lacks'])}"
        for one in v["loses"]:
            yield f"         needs {'.'.join(filter(None, (one['table'], one['column'])))}, which contract {one['revision']} removes"
        for what in ("provides", "requires"):
            if v[what]:
                yield f"         {what} {', '.join(v[what])}"
        for beat in v["heartbeats"]:
            yield f"         {beat['name']} is alive until {beat['until']:%Y-%m-%d %H:%M:%S}"
