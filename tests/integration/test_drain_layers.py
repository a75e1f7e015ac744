"""What sessions alone do not show: another service that still maps a column, statements since the switch, slots, and jobs of the database."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bgmigrate.database import connect
from bgmigrate.routing.holders import holders
from bgmigrate.settings import Environment
from tests.integration.releasing import released
from tests.integration.shop import BLUE, GREEN
from tests.integration.until import until
from tests.project import Project
from tests.servers import Server
from tests.servers.cluster import Cluster, cluster

RETIRED = Environment(role="svc_blue")


def test_a_column_that_another_service_maps_is_not_contracted(project: Project, tmp_path: Path) -> None:
    released(project)
    (tmp_path / "billing").mkdir()
    billing = Project(directory=tmp_path / "billing", url=project.url, scratch_url=project.scratch_url)
    config = billing.directory / "pyproject.toml"
    config.write_text(config.read_text().replace('"shop"', '"billing"'))
    billing.models(blue=BLUE, green=GREEN)
    billing.must("register", "--env", "blue", "--version", "billing-7", "--source", billing.spec("blue"))

    refused = project.must("contract", code=3)
    (finding,) = refused.json["findings"]
    assert (finding["code"], finding["table"], finding["column"], finding["version"]) == ("BGM961", "users", "name", "billing-7")
    assert "service billing" in finding["what"]
    assert project.must("contract", "--quarantine", "1h", code=3).codes == {"BGM961"}

    project.sql("UPDATE bgmigrate.version SET state = 'replaced' WHERE version = 'billing-7'")  # as its next release does
    project.must("contract")


def test_requests_in_flight_at_a_proxy_are_waited_for(project: Project) -> None:
    released(project)
    counted = project.directory / "in-flight"
    counted.write_text("3")
    with (project.directory / "pyproject.toml").open("a") as config:
        config.write('''
[[tool.bgmigrate.actuators]]
kind = "command"
apply = ["true"]
observe = ["echo", "green"]
inflight = ["cat", "in-flight"]
''')
    refused = project.must("contract", code=6)
    assert (refused.codes, "3 requests" in refused.json["what"]) == ({"BGM966"}, True)
    process = project.start("contract", "--wait-drained", "60s")
    until(lambda: project.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bgmigrate/contract'") != [(0,)], "contract asks")
    counted.write_text("0")
    assert project.finish(process).code == 0


@pytest.fixture(scope="module")
def counting(server: Server) -> Iterator[Cluster]:
    """A cluster that counts statements and can decode its WAL, and a role that was blue's."""
    if server.kind == "dsn":
        pytest.skip("needs a cluster of its own")
    with cluster(server, shared_preload_libraries="pg_stat_statements", wal_level="logical", max_replication_slots="4") as made:
        with psycopg.connect(made.url, autocommit=True) as c:
            c.execute("CREATE ROLE svc_blue LOGIN REPLICATION")
            c.execute("CREATE ROLE svc_green LOGIN")
        yield made


def test_a_statement_of_blue_s_role_since_the_switch_is_named(counting: Cluster, tmp_path: Path) -> None:
    with psycopg.connect(counting.url, autocommit=True) as c:
        c.execute("CREATE DATABASE stated")
    url = counting.url.replace("/postgres?", "/stated?")
    (tmp_path / "shop").mkdir()
    project = Project(directory=tmp_path / "shop", url=url, scratch_url=counting.url)
    config = project.directory / "pyproject.toml"
    for name in ("blue", "green"):
        config.write_text(config.read_text().replace(f'application_name = "shop-{name}*"', f'role = "svc_{name}"'))
    project.sql("CREATE EXTENSION pg_stat_statements")
    project.sql("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO svc_blue, svc_green")
    released(project)
    as_blue = url.replace("postgres@", "svc_blue@")

    with psycopg.connect(as_blue, autocommit=True) as blue:
        blue.execute("SELECT count(*) FROM pg_class")  # of no table of the contract's
    project.must("contract", "--quarantine", "1h")
    project.must("contract", "--undo")
    with psycopg.connect(as_blue, autocommit=True) as blue:
        blue.execute("SELECT id, name FROM users WHERE name = 'nightly job'")
    refused = project.must("contract", code=6)
    assert refused.codes == {"BGM962"}
    assert "SELECT id, name FROM users WHERE name = $1" in refused.json["what"]

    with psycopg.connect(as_blue, autocommit=True) as blue:  # seen, and waited for: what it sends is its last
        blue.execute("SELECT name FROM users")
        process = project.start("contract", "--wait-drained", "60s", "--quarantine", "1h")
        blue.execute("SELECT name FROM users WHERE id = 1")
        known = "SELECT count(*) FROM bgmigrate.sent_before JOIN pg_stat_statements s USING (queryid) WHERE s.query LIKE 'SELECT name FROM users%'"
        until(lambda: project.sql(known) != [(0,)], "contract has seen blue's session")
        blue.execute("SELECT name FROM users WHERE id = 2")
    result = project.finish(process)
    assert result.code == 0, result
    project.must("contract", "--purge")
    assert project.sql("SELECT count(*) FROM users WHERE full_name IS NULL") == [(0,)]


def test_a_slot_that_blue_s_role_reads_and_a_job_that_runs_as_it_are_holders(counting: Cluster, tmp_path: Path) -> None:
    with connect(counting.url, purpose="contract") as ours:
        assert holders(ours, RETIRED) == []
        ours.execute("SELECT pg_create_logical_replication_slot('feed', 'test_decoding')")
        assert holders(ours, RETIRED) == []  # nobody reads it
        reader = subprocess.Popen([
            str(counting.binaries / "pg_recvlogical"), "-d", counting.url.replace("postgres@", "svc_blue@"), "--slot=feed", "--start", "-f",
            str(tmp_path / "feed"),
        ])
        try:
            until(lambda: bool(holders(ours, RETIRED)), "the slot is read")
            assert "logical replication slot feed" in holders(ours, RETIRED)[0]
            assert holders(ours, Environment(role="svc_green")) == []
        finally:
            reader.terminate()
            reader.wait()
        until(lambda: not holders(ours, RETIRED), "the slot is idle")
        # as pg_cron has them
        ours.execute("CREATE SCHEMA cron")
        ours.execute("CREATE TABLE cron.job (jobid bigint, schedule text, command text, database text, username text, active boolean)")
        ours.execute("INSERT INTO cron.job VALUES (4, '0 3 * * *', 'SELECT tidy()', current_database(), 'svc_blue', true),"
                     " (5, '* * * * *', 'x', current_database(), 'svc_blue', false)")
        assert holders(ours, RETIRED) == ["job 4 of pg_cron (0 3 * * *: SELECT tidy())"]
