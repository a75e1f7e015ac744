"""The journal: made once by whoever comes first, whole or not at all, and only about the database that it is in."""

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory

from bgmigrate import journal
from bgmigrate.database import Connection, connect
from bgmigrate.errors import BgmigrateError, ConfigurationError
from bgmigrate.journal import backfills, environments, evidence, ranges, revisions, schema, synchronizations
from bgmigrate.journal.backfills import Backfill
from bgmigrate.snapshot import Snapshot, SnapshotColumn, SnapshotTable
from tests.project import Project
from tests.servers import Server

ROOT = Path(__file__).parents[2]
SNAPSHOT = Snapshot(
    ddl=("CREATE TABLE users (id INTEGER)",),
    tables={"users": SnapshotTable(name="users", names=("users_pkey",), columns={"id": SnapshotColumn(type="INTEGER", nullable=False)})},
)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A database with a journal."""
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        yield c


@pytest.mark.every_server
def test_it_is_made_from_nothing_and_found_again(database: str) -> None:
    with connect(database, purpose="test") as c:
        assert not journal.exists(c)
        journal.ensure(database)
        assert journal.exists(c)
        before = c.execute("SELECT xmin::text FROM bgmigrate.alembic_version").fetchall()
        journal.ensure(database)
        assert c.execute("SELECT xmin::text FROM bgmigrate.alembic_version").fetchall() == before


def test_nothing_outside_of_its_schema_is_touched(database: str) -> None:
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        rows = c.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchall()
    assert rows == []


def test_the_history_s_head_is_the_newest_file() -> None:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(schema.location()))
    assert schema.known()[-1] == ScriptDirectory.from_config(config).get_current_head()


def test_several_processes_at_once_make_one_journal(database: str) -> None:
    code = "import sys; from bgmigrate import journal; journal.ensure(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-c", code, database], cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(p.communicate(timeout=60)[1], p.returncode) for p in running] == [("", 0)] * 3


def test_several_threads_with_different_databases_do_not_meet_in_alembic(server: Server) -> None:
    with server.database() as a, server.database() as b:
        wrong: list[BaseException] = []

        def ensure(url: str) -> None:
            try:
                journal.ensure(url)
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=ensure, args=(url,)) for url in (a, b)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert wrong == []
        for url in (a, b):
            with connect(url, purpose="test") as c:
                assert journal.exists(c)


def test_it_is_made_from_inside_a_user_s_own_alembic_upgrade(project: Project) -> None:
    project.models(blue="")
    (project.directory / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/scripts\n")
    (project.directory / "types.py").write_text("raise RuntimeError('a module of the project stood before the library')\n")
    scripts = project.directory / "scripts"
    (scripts / "versions").mkdir(parents=True)
    (scripts / "script.py.mako").write_text("")
    (scripts / "env.py").write_text(
        "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine, pool\n"
        "engine = create_engine(os.environ['BGMIGRATE_DATABASE_URL'], poolclass=pool.NullPool)\n"
        "with engine.connect() as c:\n    context.configure(connection=c)\n    with context.begin_transaction():\n        context.run_migrations()\n"
    )
    (scripts / "versions/1.py").write_text(
        "import os\nfrom alembic import op\nfrom bgmigrate import journal\nrevision = 'r1'\ndown_revision = None\n"
        "def upgrade():\n    journal.ensure(os.environ['BGMIGRATE_DATABASE_URL'])\n    op.execute('CREATE TABLE mine (id int)')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "from alembic.config import main; main(argv=['upgrade', 'head'])"], cwd=project.directory,
        env=project.environment() | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert project.sql("SELECT to_regclass('mine') IS NOT NULL, to_regclass('bgmigrate.evidence') IS NOT NULL") == [(True, True)]


@pytest.fixture
def lowly(server: Server, database: str) -> Iterator[str]:
    """The URL of a role that owns nothing and may create nothing."""
    with psycopg.connect(server.url, autocommit=True) as c:
        c.execute("DROP ROLE IF EXISTS bgm_lowly")
        c.execute("CREATE ROLE bgm_lowly LOGIN PASSWORD 'lowly'")
    yield database.replace("postgres@", "bgm_lowly:lowly@")
    with psycopg.connect(database, autocommit=True) as c:
        c.execute("DROP OWNED BY bgm_lowly")
        c.execute("DROP ROLE bgm_lowly")


def test_a_missing_privilege_is_named_with_the_grant_that_gives_it(database: str, lowly: str) -> None:
    name = database.partition("?")[0].rpartition("/")[2]
    with pytest.raises(ConfigurationError) as caught:
        journal.ensure(lowly)
    assert caught.value.next == f"As the database's owner: GRANT CREATE ON DATABASE {name} TO bgm_lowly;"
    with psycopg.connect(database, autocommit=True) as c:
        c.execute(f"GRANT CREATE ON DATABASE {name} TO bgm_lowly".encode())
    journal.ensure(lowly)  # the grant is enough: no superuser is needed


def test_another_role_s_journal_names_the_grants_that_share_it(database: str, lowly: str) -> None:
    journal.ensure(database)
    with pytest.raises(ConfigurationError, match="may not read the journal") as caught:
        journal.ensure(lowly)
    assert "GRANT USAGE, CREATE ON SCHEMA bgmigrate TO bgm_lowly" in caught.value.next


def test_a_newer_journal_is_left_alone(connection: Connection, database: str) -> None:
    connection.execute("UPDATE bgmigrate.alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="newer"):
        journal.ensure(database)


def test_a_step_that_fails_says_so_and_leaves_nothing_half_done(database: str) -> None:
    with connect(database, purpose="test") as c:
        c.execute("CREATE SCHEMA bgmigrate CREATE TABLE live (x int)")
        with pytest.raises(BgmigrateError, match="could not be brought up to date"):
            journal.ensure(database)
        assert c.execute("SELECT to_regclass('bgmigrate.revision')").fetchall() == [(None,)]


def test_the_history_is_in_the_wheel(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-c", "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {"bgmigrate/migrations/env.py", "bgmigrate/migrations/versions/0001_journal.py", "bgmigrate/py.typed"} <= set(names)


def test_a_revision_remembers_who_was_live_when_it_first_began(connection: Connection) -> None:
    revisions.begin(connection, "e0", "expand")
    environments.register(connection, service="shop", environment="blue", version="1.0", source="x", snapshot=SNAPSHOT, candidate=False)
    connection.execute("INSERT INTO bgmigrate.live (service, environment, generation, changed_by, reason) VALUES ('shop', 'blue', 1, 'me', '')")
    revisions.begin(connection, "e1", "expand")
    environments.register(connection, service="shop", environment="blue", version="1.1", source="x", snapshot=SNAPSHOT, candidate=False)
    revisions.begin(connection, "e1", "expand")
    assert [(r.revision, r.state, r.environment, r.version) for r in revisions.all(connection)] == [
        ("e0", "running", None, None), ("e1", "running", "blue", "1.0")
    ]
    revisions.finish(connection, "e1")
    revisions.forget(connection, "e0")
    assert [(r.revision, r.state) for r in revisions.all(connection)] == [("e1", "done")]


def test_a_synchronization_is_recorded_once_as_it_is_now(connection: Connection) -> None:
    for text in ("lower(name)", "upper(name)"):
        spec = {"forward": {"full_name": text}, "backward": {}, "required": ["name"]}
        synchronizations.record(connection, revision="e1", table="users", trigger="t", function="f", spec=spec)
    (one,) = synchronizations.all(connection)
    assert one.spec["forward"] == {"full_name": "upper(name)"}
    synchronizations.remove(connection, table="users", trigger="t")
    assert synchronizations.all(connection) == []


def test_a_watermark_is_lost_with_its_batch_and_kept_with_it(connection: Connection) -> None:
    def now() -> Backfill:
        return backfills.open(connection, revision="e1", table="users", name="full_name")

    work = now()
    backfills.set_upper(connection, work.id, ["99"])
    backfills.set_claimed(connection, work.id, ["50"], 50)
    first = ranges.claim(connection, work.id, "me", None, [["25"], ["50"]], 1)
    backfills.set_claimed(connection, work.id, ["99"], 49)
    second = ranges.claim(connection, work.id, "me", ["50"], [["99"]], 1)
    with pytest.raises(ZeroDivisionError), connection.transaction():
        ranges.advance(connection, first, step=2, rows=50, seconds=0.5, done=True)
        raise ZeroDivisionError
    assert (now().watermark, now().rows) == (None, 0)
    ranges.advance(connection, second, step=1, rows=49, seconds=0.5, done=True)
    assert (now().watermark, now().rows) == (None, 49), "the first range is not done"
    ranges.advance(connection, first, step=2, rows=50, seconds=0.5, done=True)
    ranges.fold(connection, work.id)
    assert (now().watermark, now().rows, now().batches, now().seconds, now().visited) == (["99"], 99, 2, 1.0, 99)


def test_a_backfill_with_refused_rows_is_not_done(connection: Connection) -> None:
    work = backfills.open(connection, revision="e1", table="users", name="full_name")
    backfills.fail_row(connection, work.id, ["7", "x"], "no")
    backfills.fail_row(connection, work.id, ["7", "x"], "still no")
    backfills.finish(connection, work.id)
    assert [(b.state, b.failures) for b in backfills.pending(connection)] == [("failed", 1)]
    assert [(f.key, f.error) for f in backfills.failures(connection, work.id)] == [(["7", "x"], "still no")]
    backfills.clear_failures(connection, work.id)
    backfills.finish(connection, work.id)
    assert backfills.pending(connection) == []
    backfills.forget(connection, "e1")
    assert backfills.all(connection) == []


def test_a_candidate_becomes_what_is_deployed_and_again_a_candidate_on_the_way_back(connection: Connection) -> None:
    def names() -> tuple[str | None, str | None]:
        found = (environments.deployed(connection, "shop", "green"), environments.candidate(connection, "shop", "green"))
        return (found[0].version if found[0] else None, found[1].version if found[1] else None)

    def register(version: str, candidate: bool) -> None:
        environments.register(
            connection, service="shop", environment="green", version=version, source="x", snapshot=SNAPSHOT, candidate=candidate
        )

    register("1.0", False)
    register("2.0-rc1", True)
    register("2.0", True)
    assert names() == ("1.0", "2.0")
    environments.promote(connection, "shop", "green")
    assert names() == ("2.0", None)
    environments.promote(connection, "shop", "green")
    assert names() == ("2.0", None)
    environments.demote(connection, "shop", "green")
    assert names() == (None, "2.0")
    assert environments.retire(connection, service="shop", environment="green") == ["2.0"]
    assert names() == (None, None)


def test_a_snapshot_comes_back_as_it_was(connection: Connection) -> None:
    environments.register(connection, service="shop", environment="blue", version="1.0", source="x", snapshot=SNAPSHOT, candidate=False)
    found = environments.deployed(connection, "shop", "blue")
    assert found is not None
    assert found.snapshot == SNAPSHOT
    assert found.snapshot.fingerprint == SNAPSHOT.fingerprint


def test_evidence_and_the_development_flag_do_not_follow_a_copy(server: Server, database: str) -> None:
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        evidence.record(c, service="shop", kind="verify", fingerprint="f", outcome="passed", document={"probes": []})
        environments.declare_development(c)
        found = evidence.latest(c, "shop")
        assert found is not None
        assert (found.outcome, found.document) == ("passed", {"probes": [], "fingerprint": "f"})
        assert 0 <= found.age < 60
        assert environments.development(c)
        assert not environments.copied(c)
    name = database.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(server.url, autocommit=True) as c:
        c.execute(f"DROP DATABASE IF EXISTS {name}_copy".encode())
        c.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}".encode())
    try:
        with connect(server.at(f"{name}_copy"), purpose="test") as c:
            assert evidence.latest(c, "shop") is None
            assert not environments.development(c)
            assert environments.copied(c)
    finally:
        with psycopg.connect(server.url, autocommit=True) as c:
            c.execute(f"DROP DATABASE {name}_copy WITH (FORCE)".encode())


def test_the_newest_evidence_of_its_kind_counts(connection: Connection) -> None:
    for kind, outcome in (("verify", "failed"), ("verify", "passed"), ("drained", "stated")):
        evidence.record(connection, service="shop", kind=kind, fingerprint="f", outcome=outcome, document={})
    assert getattr(evidence.latest(connection, "shop"), "outcome", None) == "passed"
    assert getattr(evidence.latest(connection, "shop", "drained"), "outcome", None) == "stated"
    assert evidence.latest(connection, "another") is None
