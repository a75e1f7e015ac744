"""A body of upgrade(), run by Alembic on a server and followed by the rehearsal's tracer."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Sequence
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.pool import NullPool

from bgmigrate.database import connect, sqlalchemy_url
from bgmigrate.rehearsal.copy import relations
from bgmigrate.rehearsal.observer import Observer
from bgmigrate.rehearsal.statement import Statement
from bgmigrate.rehearsal.tracer import Tracer
from tests.unit.lint.reading import HEAD


def file(folder: Path, body: str) -> Path:
    """A revision file with this body."""
    path = folder / "r1.py"
    path.write_text(HEAD + "def upgrade():\n" + textwrap.indent(body, "    ") + "\n", encoding="utf-8")
    return path


class Bench:
    """A database that is made anew for each case."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._maker = psycopg.connect(url, autocommit=True)
        self._observer = Observer(url)
        self._engine = sa.create_engine(sqlalchemy_url(url), poolclass=NullPool)

    def close(self) -> None:
        """Give its connections back."""
        self._maker.close()
        self._observer.close()

    def build(self, *texts: str) -> None:
        """Nothing but what these make."""
        schemas = "DROP SCHEMA IF EXISTS public, archive CASCADE; CREATE SCHEMA public; SET lc_messages = 'C'"
        self._maker.execute(schemas.encode())
        for text in filter(None, texts):
            self._maker.execute(text.encode())

    def trace(self, path: Path) -> Sequence[Statement]:
        """What each statement of the revision did, up to one that the server refuses."""
        tracer = Tracer(self._observer, {str(path): "r1"})
        with connect(self.url, purpose="relations") as c:
            tracer.begin("expand", relations(c, set()))
        with self._engine.connect() as connection:
            tracer.connected(connection.connection.dbapi_connection)  # type: ignore[arg-type]
            context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
            with contextlib.suppress(sa.exc.DBAPIError), context.begin_transaction(_per_migration=True), Operations.context(context):
                names: dict[str, object] = {"__name__": "revision"}
                exec(compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True), names)
                names["upgrade"]()  # type: ignore[operator]
        return tracer.statements
