"""The servers under the tests are what they say."""

from __future__ import annotations

import psycopg
import pytest

from tests.servers import Server


@pytest.mark.every_server
def test_a_database_is_empty_utf8_and_gone_afterwards(server: Server) -> None:
    with server.database("mine") as url, psycopg.connect(url) as c:
        assert c.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchone() == (0,)
        assert c.info.encoding == "utf-8"
        name = c.info.dbname
    with psycopg.connect(server.url) as c:
        assert c.execute("SELECT count(*) FROM pg_database WHERE datname = %s", (name,)).fetchone() == (0,)
    assert server.kind != "debian15" or server.version // 10000 == 15


def test_two_tests_never_share_a_database(database: str, server: Server) -> None:
    with server.database() as other:
        assert other != database
