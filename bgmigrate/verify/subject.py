"""A version under trial: its process, its description, and the databases that it is tried on."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bgmigrate.settings import Settings
from bgmigrate.snapshot import Snapshot
from bgmigrate.verify.facts import Facts
from bgmigrate.versions.inside import SOURCES
from bgmigrate.versions.process import Agent, VersionFailed

FIRST = {"blue": 1000, "green": 15000}  # where each version's sample values begin, so that their rows do not collide


@dataclass(kw_only=True)
class Subject:
    """One version. `own` is the schema that it would create for itself; None when its DDL cannot be run, `own_fails` saying why."""

    name: str
    agent: Agent
    snapshot: Snapshot
    source: str = ""
    static: bool = False  # only a snapshot: Core statements, and nothing is loaded through an ORM
    drivers: tuple[str, ...] = ()
    own: Facts | None = None
    own_fails: str = ""
    tables: set[str] = field(default_factory=set)
    about: dict[str, str] = field(default_factory=dict)  # versions of its process's interpreter, SQLAlchemy and drivers

    def knows(self, table: str) -> bool:
        """Has its model this table of the database, under that name or, as a view shows it until contract, under a new one?"""
        return table in self.snapshot.tables or any(t.hints.get("renamed_from") == table for t in self.snapshot.tables.values())

    def roundtrip(self, facts: Facts, driver: str, *, only: list[str] | None = None, limits: str = "") -> list[dict[str, Any]]:
        """Try every statement on a database; nothing stays."""
        found: list[dict[str, Any]] = self.agent.call(
            "roundtrip", url=facts.url, driver=driver, facts=facts.as_json(), first=FIRST.get(self.name, 1000), deferrable=facts.deferrable,
            only=only, limits=limits,
        )
        return found

    def write(self, facts: Facts, others: Iterable[Snapshot] = ()) -> list[dict[str, Any]]:
        """Commit rows of every kind; says where they are. Texts are such as the enums of the `others` know."""
        known = facts.as_json()
        for table, columns in ((t, s.tables[t].columns) for s in others for t in s.tables.keys() & known.keys()):
            known[table]["values"] = known[table].get("values", {}) | {n: list(c.values) for n, c in columns.items() if c.values}
        found: list[dict[str, Any]] = self.agent.call(
            "write", url=facts.url, driver=self.drivers[0], facts=known, first=FIRST.get(self.name, 1000)
        )
        return found

    def provoke(self, facts: Facts, constraints: Iterable[tuple[str, str, str, list[str]]], limits: str) -> list[str | None]:
        """Write against constraints (table, kind, name, columns) as if they were not there: what the server says of each; nothing stays."""
        found: list[str | None] = self.agent.call(
            "provoke", url=facts.url, driver=self.drivers[0], facts=facts.as_json(), first=FIRST.get(self.name, 1000), limits=limits,
            constraints=[{"table": t, "kind": kind, "name": name, "columns": columns} for t, kind, name, columns in constraints],
        )
        return found

    def twins(self, facts: Facts, table: str, key: list[str]) -> dict[str, Any]:
        """Commit two rows that are alike in these columns; says which values they have, or why not."""
        found: dict[str, Any] = self.agent.call(
            "twins", url=facts.url, driver=self.drivers[0], facts=facts.as_json(), first=FIRST.get(self.name, 1000), table=table, key=key
        )
        return found

    def meet(self, facts: Facts, table: str, key: list[str]) -> list[dict[str, Any]]:
        """Find, change and delete by a key; nothing stays."""
        found: list[dict[str, Any]] = self.agent.call("meet", url=facts.url, driver=self.drivers[0], table=table, key=key)
        return found

    def forgets_not(self) -> bool:
        """Whether the driver keeps a statement prepared on the server and fails when its result changes. Tried on the version's own schema."""
        return not self.static and self.own is not None and not self.agent.call("forgets", url=self.own.url, driver=self.drivers[0])

    def read(self, facts: Facts, rows: list[dict[str, Any]], *, delete: bool = False) -> list[dict[str, Any]]:
        """Load rows, whoever wrote them."""
        found: list[dict[str, Any]] = self.agent.call("read", url=facts.url, driver=self.drivers[0], rows=rows, delete=delete)
        return found


def running(settings: Settings, name: str, agent: Agent, source: str) -> Subject:
    """A version whose code has been loaded. Raises VersionFailed when it has no PostgreSQL driver."""
    snapshot = agent.snapshot()
    agent.extend(*SOURCES)
    configured = settings.environment(name).driver
    drivers = (configured,) if configured else snapshot.drivers
    if not drivers:
        raise VersionFailed(
            f"{name}: {agent.interpreter} has no PostgreSQL driver that its SQLAlchemy {snapshot.sqlalchemy} can use",
            why="A version is run with the driver that its application uses.", next="Install psycopg (or psycopg2, asyncpg, pg8000) there.",
        )
    return Subject(name=name, agent=agent, snapshot=snapshot, source=source, drivers=drivers, about=agent.call("about", drivers=list(drivers)))


def described(name: str, agent: Agent, snapshot: Snapshot, source: str) -> Subject:
    """A version of which there is only a snapshot; its process is ours, its tables come with `reflect`."""
    agent.extend(*SOURCES)
    return Subject(
        name=name, agent=agent, snapshot=snapshot, source=source, static=True, drivers=("psycopg",), about=agent.call("about", drivers=["psycopg"]),
    )


def reflect(subject: Subject) -> None:
    """Give a snapshot's process the tables that the snapshot's DDL built. Raises VersionFailed when it could not be built."""
    if subject.own is None:
        raise VersionFailed(f"{subject.name}: {subject.own_fails}", next="Name the version by git:, path: or python: instead.")
    schemas = sorted({t.schema or "public" for t in subject.snapshot.tables.values()})
    subject.agent.call("reflect", url=subject.own.url, driver="psycopg", schemas=schemas)


def host(name: str) -> Agent:
    """A process of our own interpreter for a version that has none."""
    return Agent(name, sys.executable)
