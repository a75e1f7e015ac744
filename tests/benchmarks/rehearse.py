"""How long `rehearse` takes for a release of ten changes: the whole life cycle, with both versions tried on the expanded schema."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.project import Project
from tests.servers import Server

LIMIT = 20.0  # seconds, as issue 6 has it

MODELS = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

GREEN = {green}

class Base(DeclarativeBase):
    pass

for n in range(10):
    columns = [Column("id", Integer, primary_key=True), Column("other", Text)]
    if not GREEN or n % 3:
        columns.append(Column("name", Text, nullable=False, index=GREEN and n % 3 == 1))
    else:
        columns.append(Column("label", Text, nullable=False, info={{"bgmigrate": {{"renamed_from": "name"}}}}))
    if GREEN and n % 3 == 2:
        columns.append(Column("size", Integer, nullable=False, server_default="3"))
    type("T%d" % n, (Base,), {{"__table__": Table("t%d" % n, Base.metadata, *columns)}})
'''


@dataclass(frozen=True, kw_only=True)
class Took:
    """Seconds of the whole command, and from how many of the places between operations it rolled back."""

    seconds: float
    tried: int
    of: int


def measure(server: Server) -> Took:
    """Rehearse four renames, three indexes and three new columns, each with a table of its own."""
    with server.database("bench") as url, tempfile.TemporaryDirectory() as directory:
        project = Project(directory=Path(directory), url=url, scratch_url=server.url)
        project.models(**{side: MODELS.format(green=side == "green") for side in ("blue", "green")})
        project.start_blue("".join(f"INSERT INTO t{n} (name) SELECT 'n' || i FROM generate_series(1, 1000) i;" for n in range(10)))
        project.must("plan", "-m", "ten", "--target", project.spec("green"))
        result = project.run("rehearse", "--green", project.spec("green"))
        project.close()
    assert result.code == 0, result
    return Took(seconds=result.seconds, **result.json["rollbacks"])
