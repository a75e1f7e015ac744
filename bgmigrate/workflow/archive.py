"""A copy of what a contract is about to drop, in files that nothing overwrites."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import psycopg

from bgmigrate.database import Connection
from bgmigrate.errors import InfrastructureError
from bgmigrate.ops.columns import there
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.sql import compose, template
from bgmigrate.workflow.removals import Contracted


def archive(connection: Connection, settings: Settings, contract: Contracted, say: Progress) -> list[str]:
    """Write each table that goes, and each table's columns that go with its key, as CSV (`contract.archive`, compressed); returns the paths.

    ACCESS SHARE: reads and writes go on. A file is there whole or not at all; one that is there already is left, and the new one gets a number.
    Raises InfrastructureError where it cannot be written; then nothing has been dropped.
    """
    home = (settings.directory / (settings.contract.archive or "")).resolve()
    written = []
    for table in dict.fromkeys(r.table for r in contract.removals if not r.renamed):
        columns = there(connection, table)
        gone = [r.column for r in contract.removals if r.table == table and r.column in columns]
        whole = any(r.column is None and r.table == table for r in contract.removals)
        if not columns or not (gone or whole):
            continue  # a run that was killed has dropped it
        path = home / f"{settings.service}-{contract.revision}-{table}.csv.gz"
        key: list[str] = next((names for names, _ in connection.execute(template("table_key").encode(), [compose("{t:t}", t=table)]).fetchall()), [])
        names = [] if whole else list(dict.fromkeys([*key, *(c for c in gone if c)]))
        query = compose("SELECT {c:i} FROM {t:t}", c=names, t=table) if names else compose("SELECT * FROM {t:t}", t=table)
        say.step(f"archiving {table}{'' if whole else ' (' + ', '.join(c for c in gone if c) + ')'}")
        try:
            written.append(str(_write(connection, query, path)))
        except (OSError, psycopg.Error) as error:
            raise InfrastructureError(
                f"{table} could not be archived in {home}: {error}", why="It would be gone without the copy that was asked for. Nothing was dropped.",
                next="Make room or grant what is missing, then run the same command again; or unset contract.archive.",
            ) from error
    return written


def _write(connection: Connection, query: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with (
            gzip.open(part, "wb") as file,
            connection.cursor().copy(compose("COPY ({q:q}) TO STDOUT (FORMAT csv, HEADER)", q=query).encode()) as rows,
        ):
            for chunk in rows:
                file.write(chunk)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        number, at = 1, path
        while True:
            try:
                os.link(part, at)  # fails where there is one, unlike a rename
            except FileExistsError:
                number += 1
                at = path.with_name(path.name.replace(".csv.gz", f".{number}.csv.gz"))
            else:
                return at
    finally:
        part.unlink(missing_ok=True)
