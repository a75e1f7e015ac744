"""How fast expand fills a renamed column, against a single UPDATE of the whole table, which would lock every row until it ends."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.integration.shop import BLUE, GREEN, SEED
from tests.project import Project
from tests.servers import Server


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Rows per second of both ways."""

    rows: int
    update: float
    backfill: float


def measure(server: Server, rows: int) -> Speed:
    """Fill `rows` rows both ways, on one server."""
    with server.database("bench") as url, tempfile.TemporaryDirectory() as directory:
        project = Project(directory=Path(directory), url=url, scratch_url=server.url)
        project.models(blue=BLUE, green=GREEN)
        project.start_blue(SEED.format(rows=rows))
        project.sql("CREATE TABLE plain AS SELECT * FROM users")
        project.sql("ALTER TABLE plain ADD PRIMARY KEY (id), ADD COLUMN full_name text")
        project.sql("CHECKPOINT")
        began = time.perf_counter()
        project.sql("UPDATE plain SET full_name = name")
        whole = rows / (time.perf_counter() - began)
        project.sql("DROP TABLE plain")
        project.must("plan", "-m", "rename", "--from", project.spec("blue"), "--target", project.spec("green"))
        project.sql("CHECKPOINT")
        (backfill,) = project.must("expand").json["backfills"]
        assert backfill["rows"] >= rows
    return Speed(rows=rows, update=whole, backfill=backfill["rows_per_second"])
