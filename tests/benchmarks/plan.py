"""How long `plan` takes on a large schema, against Alembic's own comparison of the same two schemas in the same run.

Both are whole processes, from the interpreter's start to the answer. Alembic reflects one database and compares it with the models. `plan` also
runs the project's migrations, builds the models' schema, reads both catalogs whole, and carries the plan out twice on a throw-away database.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.project import Project
from tests.servers import Server

MODELS = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase

NEW = {new}

class Base(DeclarativeBase):
    metadata = MetaData(naming_convention={{"ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
                                           "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s"}})

for n in range({tables}):
    changes = NEW and n % ({tables} // {differences}) == 0
    kind = n // ({tables} // {differences}) % 5
    columns = [
        Column("id", Integer, primary_key=True),
        Column("code", String(200 if changes and kind == 0 else 100), unique=True, nullable=False),
        Column("label" if changes and kind == 1 else "name", Text, info={{"bgmigrate": {{"renamed_from": "name"}}}} if changes and kind == 1 else {{}}),
        Column("size", Integer, nullable=False, server_default="0"),
        Column("at", DateTime(timezone=True), server_default=func.now()),
        Column("parent_id", ForeignKey("t%04d.id" % (n - 1)) if n else Integer, index=True),
        CheckConstraint("size >= 0", name="size"),
    ]
    if changes and kind == 2:
        columns.append(Column("note", Text))
    if changes and kind == 3:
        columns.append(Index("ix_t%04d_size_at" % n, "size", "at"))
    if changes and kind == 4:
        columns[3].comment = "how large"
    Table("t%04d" % n, Base.metadata, *columns)
'''
THEIRS = '''
import sys
sys.path.insert(0, sys.argv[1])
from alembic.autogenerate import produce_migrations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from models import Base
engine = create_engine(sys.argv[2])
with engine.connect() as connection:
    found = produce_migrations(MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True}), Base.metadata)
    print(len(found.upgrade_ops.as_diffs()))
'''


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Seconds of both, for schemas of so many tables with so many differences."""

    tables: int
    differences: int
    plan: float
    alembic: float


def measure(server: Server, tables: int, differences: int = 50) -> Speed:
    """Compare two versions of a schema both ways, on one server; each command is a process of its own."""
    with server.database("bench") as url, tempfile.TemporaryDirectory() as directory:
        project = Project(directory=Path(directory), url=url, scratch_url=server.url)
        project.models(**{side: MODELS.format(new=side == "green", tables=tables, differences=differences) for side in ("blue", "green")})
        project.start_blue()
        began = time.perf_counter()
        command = project.start("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"), "--dry-run")
        done = project.finish(command, timeout=1200)
        ours = time.perf_counter() - began
        assert done.code == 0 and len(done.json["changes"]) == differences, done
        began = time.perf_counter()
        theirs = subprocess.run(
            [sys.executable, "-c", THEIRS, str(project.directory / "green"), project.environment()["BGMIGRATE_DATABASE_URL"]],
            capture_output=True, text=True, check=True,
        )
        seconds = time.perf_counter() - began
        assert int(theirs.stdout) >= differences // 2, theirs.stdout
    return Speed(tables=tables, differences=differences, plan=ours, alembic=seconds)
