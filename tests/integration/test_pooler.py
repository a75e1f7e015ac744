"""A pooler in transaction mode is refused before anything is set or done; PostgreSQL itself and a pool in session mode are not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
import pytest

from bgmigrate import doctor
from bgmigrate.errors import ConfigurationError, InfrastructureError
from bgmigrate.pooler import refuse_pooler
from bgmigrate.settings import load
from tests.project import Project
from tests.servers import Server, pgbouncer


@pytest.fixture(autouse=True)
def _installed(server: Server) -> None:
    if pgbouncer.program() is None:
        pytest.skip("pgbouncer is not installed (Debian's package pgbouncer)")
    if server.kind == "testcontainers":
        pytest.skip("the server's files are in the container")


@contextlib.contextmanager
def others(url: str, number: int) -> Iterator[None]:
    """Other clients of a pool, each in a transaction, so that it has several backends to give."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(psycopg.connect(url, prepare_threshold=None)) for _ in range(number)]
        for c in clients:
            c.execute("SELECT 1")
        for c in clients[::2]:
            c.rollback()  # these are free now
        yield


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pool_that_takes_a_session_apart_is_refused(server: Server, database: str, mode: str) -> None:
    with pgbouncer.pool(server, database, mode) as url, pytest.raises(ConfigurationError, match="two sessions at once are its server's backend") as refused:
        refuse_pooler(url)
    assert refused.value.findings[0].code == "BGM927"
    assert "pool_mode = session" in refused.value.next


@pytest.mark.parametrize("number", [2, 5, 8])
def test_a_pool_that_others_use_is_refused_too(server: Server, database: str, number: int) -> None:
    with pgbouncer.pool(server, database, "transaction") as url, others(url, number), pytest.raises(ConfigurationError, match="connection pooler"):
        refuse_pooler(url)


def test_a_session_that_moves_is_enough(server: Server, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = iter([1, 2, 2, 3])
    monkeypatch.setattr("bgmigrate.pooler._backend", lambda c: next(pids))
    with pytest.raises(ConfigurationError, match="a session has moved from its server's backend 1 to 3"):
        refuse_pooler(database)


def test_nothing_of_ours_stays_in_the_pools_sessions(server: Server, database: str) -> None:
    with pgbouncer.pool(server, database, "transaction") as url:
        with contextlib.suppress(ConfigurationError):
            refuse_pooler(url)
        with psycopg.connect(url, prepare_threshold=None) as c:
            assert c.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("0",)
            assert c.execute("SHOW client_connection_check_interval").fetchone() == ("0",)


def test_the_server_itself_and_a_pool_of_whole_sessions_are_let_through(server: Server, database: str) -> None:
    refuse_pooler(database)
    with pgbouncer.pool(server, database, "session") as url, others(url, 3):
        refuse_pooler(url)


def test_a_server_that_is_away_is_said_to_be_away() -> None:
    with pytest.raises(InfrastructureError, match="no connection to"):
        refuse_pooler("postgresql://postgres@127.0.0.1:1/nowhere")


def test_doctor_finds_it(server: Server, project: Project) -> None:
    with pgbouncer.pool(server, project.url, "transaction") as url:
        report = doctor(load(directory=project.directory, environ={"BGMIGRATE_DATABASE_URL": url}))
    assert "BGM927" in {f.code for f in report.findings}
    assert report.exit_code == 2
    assert "BGM927" not in {f.code for f in doctor(load(directory=project.directory, environ={"BGMIGRATE_DATABASE_URL": project.url})).findings}
