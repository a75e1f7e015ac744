"""`bgmigrate backfill`: seen, paused, cancelled and helped from another terminal than the one where it runs."""

from __future__ import annotations

import pytest

from tests.integration.shop import BLUE, GREEN, SEED
from tests.integration.until import until
from tests.project import Project

ROWS = 20_000


@pytest.fixture
def deferred(project: Project) -> Project:
    """A rename whose backfill is still to do."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED.format(rows=ROWS))
    project.must("plan", "-m", "rename", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand", "--defer-backfill")
    return project


def left(project: Project) -> int:
    """Rows that are not done."""
    return int(project.sql("SELECT count(*) FROM users WHERE full_name IS DISTINCT FROM name")[0][0])


def test_several_workers_do_it_and_status_tells(deferred: Project) -> None:
    assert left(deferred) == ROWS
    done = deferred.must("backfill", "--workers", "3")
    assert (left(deferred), done.json["outcome"], done.json["backfills"][0]["rows"]) == (0, "done", ROWS)
    status = deferred.must("backfill", "--status").json["backfills"][0]
    assert (status["state"], status["rows"], status["watermark"], status["workers"]) == ("done", ROWS, [str(ROWS)], [])
    assert deferred.must("backfill").json["outcome"] == "nothing_to_do"
    assert deferred.must("backfill", "--pause").json["outcome"] == "nothing_to_do"


def test_a_pause_holds_it_wherever_it_runs_until_somebody_resumes_it(deferred: Project) -> None:
    paused = deferred.must("backfill", "--pause").json
    assert (paused["backfills"][0]["wanted"], paused["next"]) == ("pause", "bgmigrate backfill --resume")
    running = deferred.start("backfill")
    until(lambda: deferred.must("backfill", "--status").json["backfills"][0]["waits"] is not None, "the worker waits")
    text = deferred.call("backfill", "--status", json=False).out
    assert deferred.must("backfill", "--status").json["next"] == "bgmigrate backfill --resume"
    assert "waits: paused by " in text
    assert left(deferred) == ROWS
    resumed = deferred.must("backfill", "--resume")  # and helps
    first = deferred.finish(running)
    assert (first.code, left(deferred), resumed.json["outcome"]) == (0, 0, "done"), first
    assert "waits: paused by" in first.err
    assert "another run is at work; helping it with users" in resumed.err


def test_a_cancelled_one_ends_with_3_and_can_be_resumed_or_rolled_back(deferred: Project) -> None:
    deferred.must("backfill", "--pause")
    running = deferred.start("backfill")
    until(lambda: deferred.must("backfill", "--status").json["backfills"][0]["waits"] is not None, "the worker waits")
    deferred.must("backfill", "--cancel")
    ended = deferred.finish(running)
    assert (ended.code, ended.codes) == (3, {"BGM926"})
    assert "bgmigrate backfill --resume" in ended.json["next"]
    again = deferred.call("expand")
    assert (again.code, again.codes) == (3, {"BGM926"})
    deferred.must("backfill", "--resume")
    assert left(deferred) == 0
    deferred.must("rollback")


def test_two_processes_share_it(deferred: Project) -> None:
    workers = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bgmigrate/backfill users'"
    deferred.must("backfill", "--pause")
    processes = []
    for number in (1, 2):
        processes.append(deferred.start("backfill", environ={"BGMIGRATE_EXPAND__BATCH_TARGET": "2ms"}))
        until(lambda: deferred.sql(workers) == [(number,)], f"worker {number} is there")  # noqa: B023
    deferred.sql("UPDATE bgmigrate.backfill SET wanted = 'run'")
    results = [deferred.finish(p) for p in processes]
    assert [r.code for r in results] == [0, 0], results
    assert left(deferred) == 0
    assert deferred.must("backfill", "--status").json["backfills"][0]["rows"] == ROWS
