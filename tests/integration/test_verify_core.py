"""Tables that no class maps: rows are found again by the key that the server gave them, whatever other rows are there."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.integration.verifying import Bench
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)

RUNS = """
from sqlalchemy import *

class Base:
    metadata = MetaData()

Table("runs", Base.metadata, Column("id", BigInteger, primary_key=True), Column("run_id", String(255), unique=True), Column("status", Text))
Table("run_tags", Base.metadata, Column("id", BigInteger, primary_key=True), Column("run_id", None, ForeignKey("runs.run_id", ondelete="CASCADE")))
"""


@pytest.mark.parametrize("on", ["clone", "live"])
def test_a_key_that_numbers_itself_finds_the_row_again(server: Server, database: str, tmp_path: Path, on: str) -> None:
    """A row of runs needs no value at all, so that nothing else tells it from those that are there."""
    bench = Bench(tmp_path, database, server.url)
    bench.build(RUNS, "INSERT INTO runs (run_id) VALUES ('one'), ('two')")
    report = bench.verify(blue=RUNS, green=RUNS, on=on)
    assert (report.outcome, report.findings) == ("passed", ())
    with psycopg.connect(bench.url) as c:
        assert c.execute("SELECT run_id FROM runs ORDER BY 1").fetchall() == [("one",), ("two",)]
