"""The driver that the application uses is the one that is tried; with several in its environment, each."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from bgmigrate.progress import Progress
from bgmigrate.settings import Environment, Settings
from bgmigrate.workflow.verify import verify
from tests.integration.verifying import SHOP, Bench, errors
from tests.servers import Server


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg", "pg8000"])
def test_what_fails_is_told_the_same_with_every_driver(server: Server, database: str, tmp_path: Path, driver: str) -> None:
    if not find_spec(driver) or (driver == "asyncpg" and not find_spec("greenlet")):
        pytest.skip(f"{driver} is not installed")
    bench = Bench(tmp_path, database, server.url)
    bench.build(SHOP, "ALTER TABLE users ADD COLUMN full_name text NOT NULL", "DROP TABLE order_tags")
    settings = Settings(
        directory=tmp_path, database_url=database, scratch_url=server.url, environments={"blue": Environment(driver=driver)},
    )
    report = verify(settings, blue=bench.tree("blue", SHOP), progress=Progress(-1))
    assert {(f.code, f.table, f.column) for f in errors(report)} >= {("BGM801", "users", "full_name"), ("BGM802", "order_tags", None)}
