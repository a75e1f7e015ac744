"""Is the retired version gone? Sessions by role and application name, prepared transactions too, and never our own."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from bgmigrate.database import Connection, connect
from bgmigrate.routing import drain
from bgmigrate.settings import Environment
from tests.servers import Server

BLUE = Environment(application_name="shop-blue*")


@pytest.fixture
def ours(database: str) -> Iterator[Connection]:
    """The connection that asks."""
    with connect(database, purpose="contract") as c:
        yield c


@pytest.fixture
def role(server: Server) -> Iterator[str]:
    """A role of a retired environment."""
    with psycopg.connect(server.url, autocommit=True) as c:
        c.execute("DROP ROLE IF EXISTS svc_blue")
        c.execute("CREATE ROLE svc_blue LOGIN PASSWORD 'b'")
        yield "svc_blue"
        c.execute("DROP ROLE svc_blue")


def test_a_session_is_told_by_its_application_name(ours: Connection, database: str) -> None:
    assert drain.sessions(ours, BLUE) == []
    with psycopg.connect(database, application_name="shop-blue-7") as c, psycopg.connect(database, application_name="shop-green-1"):
        c.execute("SELECT 1")
        (found,) = drain.sessions(ours, BLUE)
        assert (found.pid, found.application_name, found.state) == (c.info.backend_pid, "shop-blue-7", "idle in transaction")
        assert found.as_json()["transaction_seconds"] >= 0
        assert "shop-blue-7" in str(found)


def test_a_session_of_another_database_does_not_count(ours: Connection, server: Server) -> None:
    with psycopg.connect(server.url, application_name="shop-blue-7"):
        assert drain.sessions(ours, BLUE) == []


def test_our_own_sessions_never_count(ours: Connection, database: str) -> None:
    with connect(database, purpose="expand"):
        assert drain.sessions(ours, Environment(application_name="*")) == []


def test_a_session_is_told_by_its_role_and_with_both_by_both(ours: Connection, database: str, role: str) -> None:
    with psycopg.connect(database.replace("postgres@", "svc_blue:b@"), application_name="x"):
        assert len(drain.sessions(ours, Environment(role=role))) == 1
        assert drain.sessions(ours, Environment(role=role, application_name="shop-blue*")) == []
        assert len(drain.sessions(ours, Environment(role=role, application_name="x"))) == 1


def test_nothing_configured_proves_nothing(ours: Connection) -> None:
    assert drain.sessions(ours, Environment()) == []
    assert "neither role nor application_name" in str(drain.unprovable(ours, Environment()))
    assert drain.unprovable(ours, BLUE) is None


@pytest.mark.every_server
def test_no_privilege_is_needed_to_see_them(database: str, role: str) -> None:
    with psycopg.connect(database, application_name="shop-blue-7"):
        with connect(database.replace("postgres@", "svc_blue:b@"), purpose="contract") as lowly:
            (found,) = drain.sessions(lowly, BLUE)
            assert found.state is None
            assert "state hidden" in str(found)


def test_a_misspelt_role_proves_nothing(ours: Connection) -> None:
    assert "no role svc_bleu" in str(drain.unprovable(ours, Environment(role="svc_bleu")))


def test_a_prepared_transaction_has_no_session_and_counts_all_the_same(ours: Connection, database: str) -> None:
    if ours.execute("SHOW max_prepared_transactions").fetchone() == ("0",):
        pytest.skip("this server has max_prepared_transactions = 0")
    with psycopg.connect(database, autocommit=True) as c:
        c.execute("BEGIN")
        c.execute("CREATE TABLE t (x int)")
        c.execute("PREPARE TRANSACTION 'left behind'")
    try:
        (found,) = drain.sessions(ours, BLUE)
        assert found.pid is None
        assert "left behind" in str(found)
    finally:
        ours.execute("ROLLBACK PREPARED 'left behind'")
