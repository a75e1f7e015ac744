"""Which version speaks which type: tried with its own interpreter, SQLAlchemy and driver on a scratch database, not assumed.

pgroll and the shadow-table tools take it for granted that an application does not mind another type under the same name. psycopg sends a
parameter's type along, and PostgreSQL then knows no operator for it: ours finds that before anything is changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from bgmigrate import scratch
from bgmigrate.changes.difference import Side, Untried
from bgmigrate.database import Connection, connect
from bgmigrate.errors import ConfigurationError
from bgmigrate.settings import Settings
from bgmigrate.sql import compose
from bgmigrate.versions.inside import SOURCES
from bgmigrate.versions.load import agent
from bgmigrate.versions.process import Agent
from bgmigrate.versions.spec import Spec


class DriverSpeech:
    """Questions to both versions; a version's process and the database are made for the first one. Use as a context manager.

    `versions`: each side's SPEC and the environment whose interpreter and driver are its own; a side that is left out cannot be asked.
    """

    def __init__(self, settings: Settings, versions: Mapping[Side, tuple[Spec, str]]) -> None:
        self._settings, self._versions = settings, versions
        self._open = contextlib.ExitStack()
        self._agents: dict[Side, tuple[Agent, str]] = {}
        self._url = ""
        self._asked: dict[tuple[str, ...], str | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def refusal(self, side: Side, table: str, column: str, own: str, other: str, first: Sequence[str]) -> str | None:
        """What goes wrong when the version meets the type `other` where its model's own is `own`; None when nothing does.

        `first`: statements that create what the types need. Raises Untried when the version cannot be run here.
        """
        key = (side, table, column, own, other)
        if key not in self._asked:
            process, driver = self._agent(side)
            with connect(self._database(first), purpose="plan") as c:
                names = [_table(c, len(self._asked), kind, type_) for kind, type_ in (("own", own), ("other", other))]
            self._asked[key] = process.call(
                "speak", url=self._url, driver=driver, table=table, column=column, own=names[0], other=names[1], actual=own
            )
        return self._asked[key]

    def _agent(self, side: Side) -> tuple[Agent, str]:
        if side not in self._agents:
            if side not in self._versions:
                raise Untried(side)
            spec, environment = self._versions[side]
            try:
                process = self._open.enter_context(agent(self._settings, spec, environment=environment))
            except ConfigurationError as error:
                raise Untried(str(error)) from error
            process.extend(*SOURCES)
            drivers = filter(None, (self._settings.environment(environment).driver, *process.snapshot().drivers))
            driver = next(drivers, None)
            if driver is None:
                raise Untried(f"{spec} has no PostgreSQL driver")
            self._agents[side] = (process, driver)
        return self._agents[side]

    def _database(self, first: Sequence[str]) -> str:
        if not self._url:
            self._url = self._open.enter_context(scratch.database(self._settings, "speech"))
            with connect(self._url, purpose="plan") as c:
                for statement in first:
                    c.execute(statement.encode())
        return self._url


def _table(connection: Connection, number: int, kind: str, type_: str) -> str:
    name = f"bgm_{kind}_{number}"
    connection.execute(compose("CREATE TABLE {t:i} (k integer PRIMARY KEY, v {y:q})", t=name, y=type_).encode())
    return name
