"""What the services really send: statements of pg_stat_statements, of a server's log, or of a file of SQL."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bgmigrate.database import Connection
from bgmigrate.errors import ConfigurationError
from bgmigrate.sql import load

MOST = 5000  # as many as pg_stat_statements keeps by default (documentation, F.32.4)
HIDDEN = "<insufficient privilege>"
_IN_A_LOG = re.compile(r"(?:LOG:\s+)?(?:duration: [\d.]+ ms\s+)?(?:statement|execute [^:]*|parse [^:]*|bind [^:]*): (.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One statement; `environment` is whose version sends it, None when nobody can tell."""

    text: str
    environment: str | None = None
    role: str | None = None
    source: str = "pg_stat_statements"


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The statements that were found, and what could not be seen."""

    statements: tuple[Sent, ...] = ()
    hidden: int = 0  # statements of other roles, whose text we may not read

    def of(self, environment: str) -> list[Sent]:
        """Those of one version, and those of which nobody can tell."""
        return [s for s in self.statements if s.environment in (environment, None)]


def counted(connection: Connection, roles: dict[str, str]) -> Traffic:
    """What pg_stat_statements has of this database; nothing when it is not installed or not loaded. `roles`: the environment by role."""
    row = connection.execute(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"
    ).fetchone()
    if row is None:
        return Traffic()
    try:
        rows = connection.execute(load("sent_statements", extension=f'"{row[0]}"', most=MOST).encode()).fetchall()
    except psycopg.errors.ObjectNotInPrerequisiteState:
        return Traffic()  # created, but the server was not started with it in shared_preload_libraries
    hidden = sum(text == HIDDEN for _, text in rows)
    return Traffic(
        statements=tuple(Sent(text=text, role=role, environment=roles.get(role)) for role, text in rows if text != HIDDEN), hidden=hidden,
    )


def handed_over(texts: Sequence[str]) -> tuple[Sent, ...]:
    """The statements of files, each given as `[ENVIRONMENT=]FILE`: SQL, or a log of the server (stderr, csvlog or jsonlog).

    Raises ConfigurationError for a file that cannot be read, or for one of SQL when nothing is installed that can take it apart.
    """
    out: dict[tuple[str, str | None], Sent] = {}
    for text in texts:
        environment, _, name = text.partition("=") if text.partition("=")[0] in ("blue", "green") else (None, "", text)
        path = Path(name)
        try:
            content = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be read: {error.strerror}", next="Check --statements.") from None
        for statement in _statements(path, content):
            out.setdefault((statement, environment), Sent(text=statement, environment=environment, source=path.name))
    return tuple(out.values())


def _statements(path: Path, content: str) -> Iterable[str]:
    if path.suffix == ".csv":
        return _logged(row[13] for row in csv.reader(io.StringIO(content)) if len(row) > 13)  # message: the 14th column (documentation, 19.8.4)
    if path.suffix == ".json":
        return _logged(str(_json(line).get("message", "")) for line in content.splitlines())
    if re.search(r"^.*LOG:\s+(duration|statement|execute|parse|bind)", content, re.MULTILINE):
        entries = re.split(r"\n(?!\t)", content)  # a statement's further lines begin with a tab
        return _logged(entry[entry.find("LOG:"):].replace("\n\t", "\n") for entry in entries if "LOG:" in entry)
    try:
        from pglast import split
        from pglast.parser import ParseError
    except ImportError:
        raise ConfigurationError(
            f"{path.name} holds SQL, and nothing is installed that can take it apart", why="A statement may contain semicolons, quotes and comments.",
            next="pip install 'bgmigrate[lint]', or hand over a log of the server.",
        ) from None
    try:
        return tuple(split(content))
    except ParseError as error:
        raise ConfigurationError(f"{path.name} is not SQL that PostgreSQL takes: {error}", next="Correct the file, and run it again.") from None


def _logged(messages: Iterable[str]) -> Iterator[str]:
    for message in messages:
        if found := _IN_A_LOG.match(message):
            yield found[1].strip()


def _json(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
