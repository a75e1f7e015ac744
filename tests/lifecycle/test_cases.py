"""The cases themselves are sound: without any migration, each version works on its own schema, and the two schemas differ."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import create_engine

from bgmigrate.database import sqlalchemy_url
from tests.lifecycle import catalog
from tests.lifecycle.case import Case
from tests.lifecycle.cases import every
from tests.lifecycle.traffic import SIDES, Traffic, create_all
from tests.servers import Server


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", every(), ids=lambda case: case.id)
def test_each_version_works_on_its_own_schema(case: Case, server: Server) -> None:
    schemas = []
    for side in SIDES:
        with server.database(side) as url:
            engine = create_engine(sqlalchemy_url(url))
            create_all(case.blue if side == "blue" else case.green, engine)
            engine.dispose()
            with psycopg.connect(url, autocommit=True) as c:
                c.execute((case.seed if side == "blue" else case.green_seed).encode())
            traffic = Traffic(case, url)
            traffic.once(side, 3)
            traffic.stop()
            assert traffic.faults == []
            schemas.append(catalog.read(url))
            if side == "green":
                with psycopg.connect(url, autocommit=True) as c:
                    assert [c.execute(query.encode()).fetchall() for query, _ in case.final] == [rows for _, rows in case.final]
    assert schemas[0] != schemas[1]
