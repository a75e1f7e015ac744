"""Two runs at once, Ctrl-C and SIGTERM: the exit code says which, nothing is half done, and the same command goes on."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.shop import BLUE, GREEN, SEED
from tests.integration.until import until
from tests.project import Project
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def planned(project: Project) -> Project:
    """Blue is live, and a rename is planned."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED.format(rows=3000))
    project.must("plan", "-m", "rename", "--from", project.spec("blue"), "--target", project.spec("green"))
    return project


@contextlib.contextmanager
def reader(url: str, lock: str = "ACCESS SHARE") -> Iterator[psycopg.Connection]:
    """Someone who reads `users` in a transaction and does not end it."""
    with psycopg.connect(url, application_name="a long report") as c:
        c.execute(f"LOCK TABLE users IN {lock} MODE".encode())
        yield c
        c.rollback()


def waits_for_us(c: psycopg.Connection) -> bool:
    """Does a session wait for a lock that this one holds?"""
    # pg_locks: within a transaction pg_stat_activity goes on showing what it showed first
    row = c.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))").fetchone()
    return row != (0,)


def test_a_second_run_beside_a_running_one_ends_at_once_with_5(planned: Project) -> None:
    with reader(planned.url) as c:
        first = planned.start("expand")
        until(lambda: waits_for_us(c), "expand waits for the reader")
        for command in (("expand",), ("rollback",), ("contract", "--drained", "x")):
            second = planned.call(*command)
            assert second.code == 5, second
            assert "BGM915" in second.codes
            assert second.seconds < 15
    assert planned.finish(first).code == 0


def test_a_second_run_may_wait_its_turn(planned: Project) -> None:
    with reader(planned.url) as c:
        first = planned.start("expand")
        until(lambda: waits_for_us(c), "expand waits for the reader")
        second = planned.start("expand", "--wait", "60s")
    assert planned.finish(first).code == 0
    assert planned.finish(second).code == 0


def test_a_lock_that_cannot_be_had_names_its_blocker_and_ends_with_5(planned: Project) -> None:
    with reader(planned.url) as c:
        pid = c.info.backend_pid
        result = planned.run("expand", environ={"BGMIGRATE_EXPAND__LOCK_TIMEOUT": "100ms", "BGMIGRATE_EXPAND__LOCK_DEADLINE": "1s"})
    assert result.code == 5, result
    assert "BGM914" in result.codes
    (blocker,) = result.json["blockers"]
    assert blocker["pid"] == pid
    assert blocker["application_name"] == "a long report"
    assert blocker["relation"] == "users"
    assert planned.must("expand").json["outcome"] == "done"


@pytest.mark.exhaustive
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
@pytest.mark.parametrize("command", ["expand", "rollback", "contract"])
def test_an_interrupted_change_is_resumed_by_the_same_command(planned: Project, command: str, number: signal.Signals) -> None:
    arguments: tuple[str, ...] = (command,)
    if command != "expand":
        planned.must("expand")
    if command == "contract":
        planned.must("verify", "--blue", planned.spec("blue"), "--green", planned.spec("green"))
        planned.must("switch", "--to", "green", "--reason", "test")
        arguments = ("contract", "--drained", "test")
    with reader(planned.url) as c:
        process = planned.start(*arguments)
        until(lambda: waits_for_us(c) or process.poll() is not None, f"{command} waits for the reader")
        os.killpg(process.pid, number)
        result = planned.finish(process, arguments, timeout=30)
    assert result.code == 130, result
    assert result.json["outcome"] == "interrupted"
    assert result.json["next"]
    assert planned.must(*arguments).json["outcome"] == "done"
    columns = {"expand": 3, "rollback": 2, "contract": 2}[command]
    assert planned.sql("SELECT count(*) FROM information_schema.columns WHERE table_name = 'users'") == [(columns,)]


@pytest.mark.parametrize("command", ["plan", "verify"])
def test_interrupted_while_versions_are_compared_no_scratch_database_stays(planned: Project, server: Server, command: str) -> None:
    versions = {"plan": ("-m", "again", "--from", planned.spec("blue"), "--target", planned.spec("green"), "--dry-run"),
                "verify": ("--blue", planned.spec("blue"), "--green", planned.spec("green"))}
    arguments = (command, *versions[command])
    planned.must("expand")
    with psycopg.connect(server.url, autocommit=True) as c:

        def scratch() -> bool:
            return c.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'bgm\\_scratch%'").fetchone() != (0,)

        process = planned.start(*arguments)
        until(lambda: scratch() or process.poll() is not None, f"{command} makes a scratch database")
        os.killpg(process.pid, signal.SIGINT)
        result = planned.finish(process, arguments, timeout=30)
        assert result.code == 130, result
        assert not scratch()
    assert planned.must(*arguments).code == 0


@pytest.mark.slow
def test_kill_9_in_mid_backfill_loses_nothing(planned: Project) -> None:
    planned.sql(SEED.format(rows=60_000))
    process = planned.start("expand")
    with psycopg.connect(planned.url, autocommit=True) as c:

        def halfway() -> bool:
            try:
                row = c.execute("SELECT count(*) FROM users WHERE full_name IS NOT NULL").fetchone()
            except psycopg.errors.UndefinedColumn:
                return False
            return row is not None and row[0] > 500

        until(lambda: halfway() or process.poll() is not None, "some rows are filled")
    os.killpg(process.pid, signal.SIGKILL)
    planned.finish(process)
    planned.must("expand")
    assert planned.sql("SELECT count(*) FROM users WHERE full_name IS DISTINCT FROM name") == [(0,)]
