"""Revisions run through the project's own env.py, on the database that we were told, and what a database has is read rightly."""

from __future__ import annotations

import logging
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bgmigrate.database import connect, sqlalchemy_url
from bgmigrate.errors import ConfigurationError, InfrastructureError, Refused
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.history.version_table import VersionTable
from bgmigrate.settings import load
from bgmigrate.workflow.init import init
from tests.servers import Server

ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool
{top}
def url():
    return {url}
if context.is_offline_mode():
    context.configure(url=url(), literal_binds=True{options})
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url(), poolclass=pool.NullPool).connect() as connection:
        {before}
        context.configure(connection=connection{options})
        with context.begin_transaction():
            context.run_migrations()
"""
OF_CONFIG = "context.config.get_main_option('sqlalchemy.url')"
OF_ENVIRONMENT = "os.environ['SHOP_DATABASE']"


def env(directory: Path, *, url: str = OF_CONFIG, top: str = "", before: str = "pass", options: str = "") -> None:
    (directory / "migrations/env.py").write_text(ENV.format(url=url, top=top, before=before, options=options))


@pytest.fixture
def directory(tmp_path: Path, database: str, server: Server) -> Path:
    """An adopted project with one expand and its contract."""
    settings = load(directory=tmp_path, environ={"BGMIGRATE_DATABASE_URL": database, "BGMIGRATE_SCRATCH_URL": server.url})
    init(settings)
    env(tmp_path)
    project = Project.open(settings)
    write(project, "e1")
    write(project, "c1", depends_on="e1")
    return tmp_path


@pytest.fixture
def project(directory: Path, database: str, server: Server) -> Project:
    return Project.open(load(directory=directory, environ={"BGMIGRATE_DATABASE_URL": database, "BGMIGRATE_SCRATCH_URL": server.url}))


def write(project: Project, revision: str, body: str = "", depends_on: str | None = None) -> Path:
    return project.write_revision(
        branch="contract" if depends_on else "expand", message=f"Make {revision}", revision=revision, imports=(), depends_on=depends_on,
        body_upgrade=body or f'op.execute("CREATE TABLE {revision} (id int)")', body_downgrade=f'op.execute("DROP TABLE {revision}")',
    )


def tables(url: str) -> set[str]:
    with connect(url, purpose="test") as c:
        return {r[0] for r in c.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")}


def test_what_a_database_has_includes_what_its_rows_stand_on(project: Project, database: str) -> None:
    anchors = {project.anchor("expand").revision, project.anchor("contract").revision}
    with connect(database, purpose="test") as c:
        assert project.applied(c) == frozenset()
        assert [s.revision for s in project.pending_expands(c)] == ["e1"]
        runner.upgrade(project, database, "expand@head")
        assert project.applied(c) == {project.anchor("expand").revision, "e1"}
        assert [s.revision for s in project.pending_contracts(c)] == ["c1"]
        runner.upgrade(project, database, "heads")
        assert project.recorded(c) == project.heads() == ("c1",)  # the expand's row went into its contract's
        assert project.applied(c) == anchors | {"e1", "c1"}
        runner.undo(project, database, ["c1", "e1"])
        assert project.applied(c) == anchors
    assert project.contract_of("e1") is not None
    assert tables(database) == {"alembic_version"}


def test_a_history_behind_its_anchors_comes_along_with_expand(tmp_path: Path, database: str) -> None:
    settings = load(directory=tmp_path, environ={"BGMIGRATE_DATABASE_URL": database})
    (tmp_path / "migrations/versions").mkdir(parents=True)
    (tmp_path / "migrations/env.py").write_text("")
    env(tmp_path)
    (tmp_path / "migrations/versions/old.py").write_text(
        "from alembic import op\nrevision = 'old'\ndown_revision = None\ndef upgrade():\n    op.execute('CREATE TABLE old (id int)')\n"
    )
    init(settings)
    project = Project.open(load(directory=tmp_path, environ={}))
    with connect(database, purpose="test") as c:
        assert project.missing_ancestors(c) == ["old"]
        runner.upgrade(project, database, "expand@head")
        assert project.missing_ancestors(c) == []
    assert "old" in tables(database)


def test_stamp_writes_only_the_rows_that_later_upgrades_can_start_from(project: Project, database: str) -> None:
    runner.stamp(project, database, "expand@head", "contract@head")
    with connect(database, purpose="test") as c:
        assert project.recorded(c) == ("c1",)
    write(project, "e2")
    runner.upgrade(project, database, "heads")
    assert tables(database) == {"alembic_version", "e2"}


def test_rows_from_which_alembic_cannot_upgrade_are_named_with_the_command_that_rights_them(project: Project, database: str) -> None:
    runner.upgrade(project, database, "heads")
    with connect(database, purpose="test") as c:
        c.execute("INSERT INTO alembic_version VALUES ('e1')")  # what `alembic stamp expand@head contract@head` leaves
    write(project, "e2")
    with pytest.raises(ConfigurationError) as error:
        runner.upgrade(project, database, "heads")
    assert error.value.next == "alembic stamp --purge c1"
    runner.stamp(project, database, "c1")
    runner.upgrade(project, database, "heads")
    assert "e2" in tables(database)


def test_a_revision_that_no_file_has_is_named(project: Project, database: str) -> None:
    path = write(project, "e2")
    runner.upgrade(project, database, "heads")
    path.unlink()
    project.reload()
    with pytest.raises(Refused, match="e2") as error:
        runner.upgrade(project, database, "heads")
    assert error.value.findings[0].code == "BGM918"
    assert "*e2*" in error.value.next


def test_two_heads_in_a_branch_are_refused_when_a_revision_is_to_follow(project: Project) -> None:
    first = write(project, "e2")
    other = first.with_name("e3_made_elsewhere.py")
    other.write_text(first.read_text().replace("e2", "e3"))
    project.reload()
    with pytest.raises(Refused, match="2 heads: e2, e3"):
        write(project, "e4")


def test_the_same_revision_gives_the_same_bytes(project: Project) -> None:
    path = write(project, "e2")
    before = path.read_bytes()
    path.unlink()
    project.reload()
    assert write(project, "e2") == path
    assert path.read_bytes() == before


def test_the_script_starts_at_what_the_database_has(project: Project, database: str) -> None:
    runner.upgrade(project, database, "expand@head")
    text = runner.sql(project, database, "heads")
    assert "CREATE TABLE c1" in text
    assert "CREATE TABLE e1" not in text
    assert tables(database) == {"alembic_version", "e1"}


def test_a_failure_leaves_recorded_what_was_done(project: Project, database: str) -> None:
    write(project, "e2", body='op.execute("SELECT 1/0")')
    with pytest.raises(InfrastructureError, match="revision e2 failed: division by zero"):
        runner.upgrade(project, database, "heads")
    with connect(database, purpose="test") as c:
        assert "e1" in project.applied(c)
        assert "e2" not in project.applied(c)


def test_a_mistake_in_a_revision_is_named_with_its_file(project: Project, database: str) -> None:
    path = write(project, "e2", body="no_such_name()")
    with pytest.raises(ConfigurationError, match="revision e2 raises NameError") as error:
        runner.upgrade(project, database, "heads")
    assert str(path) in error.value.next


def test_attributes_reach_the_revisions(project: Project, database: str) -> None:
    seen: list[str] = []
    write(project, "e2", body='op.get_context().config.attributes["seen"].append("e2")')
    runner.upgrade(project, database, "heads", attributes={"seen": seen})
    assert seen == ["e2"]


def test_a_percent_sign_in_the_url_stays_one(project: Project, database: str) -> None:
    url = make_url(database)
    runner.upgrade(project, url.set(password=url.password or "50%(off)s").render_as_string(hide_password=False), "heads")
    assert "c1" in tables(database)


def test_env_py_that_names_another_database_is_refused_live_and_replaced_on_scratch(
    directory: Path, project: Project, database: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    env(directory, url=OF_ENVIRONMENT)
    with server.database() as other:
        monkeypatch.setenv("SHOP_DATABASE", sqlalchemy_url(other))
        with pytest.raises(ConfigurationError, match="another database"):
            runner.upgrade(project, database, "heads")
        runner.upgrade(project, database, "heads", scratch=True)
        assert tables(other) == set()
        assert "c1" in tables(database)


@pytest.mark.parametrize("address", [None, "postgresql+psycopg://nobody@127.0.0.1:1/x", "postgresql+nosuchdriver://x/y"])
def test_a_scratch_run_needs_none_of_what_env_py_needs(
    directory: Path, project: Project, database: str, address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_DATABASE", raising=False)
    url = "'postgresql://' if context.is_offline_mode() else os.environ['SHOP_DATABASE']"
    env(directory, url=url)
    if address:
        monkeypatch.setenv("SHOP_DATABASE", address)
    with pytest.raises(ConfigurationError, match=r"env\.py"):
        runner.upgrade(project, database, "heads")
    runner.upgrade(project, database, "heads", scratch=True)
    assert tables(database) == {"alembic_version", "e1", "c1"}


def test_env_py_with_its_own_variable_for_the_same_database_is_driven(
    directory: Path, project: Project, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    env(directory, url=OF_ENVIRONMENT)
    monkeypatch.setenv("SHOP_DATABASE", sqlalchemy_url(database))
    runner.upgrade(project, database, "heads")
    assert "c1" in tables(database)


def test_a_transaction_left_open_before_configure_is_named(directory: Path, project: Project, database: str) -> None:
    env(directory, before="connection.exec_driver_sql('SET search_path TO public')")
    with pytest.raises(ConfigurationError, match=r"before context\.configure"):
        runner.upgrade(project, database, "heads")
    env(directory, before="connection.exec_driver_sql('SET search_path TO public'); connection.commit()")
    runner.upgrade(project, database, "heads")
    assert "c1" in tables(database)


def test_nothing_of_env_py_reaches_stdout_or_our_logging(
    directory: Path, project: Project, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / "log.ini").write_text(
        "[loggers]\nkeys=root\n[handlers]\nkeys=out\n[formatters]\nkeys=\n[logger_root]\nlevel=DEBUG\nhandlers=out\n"
        "[handler_out]\nclass=StreamHandler\nargs=(sys.stdout,)\n"
    )
    top = f"print('hello from env.py')\nfrom logging.config import fileConfig\nfileConfig({str(directory / 'log.ini')!r})"
    env(directory, top=top)
    ours = logging.getLogger("somebody.elses")
    handlers = logging.getLogger().handlers[:]
    runner.upgrade(project, database, "heads")
    out = capsys.readouterr()
    assert out.out == ""
    assert "hello from env.py" in out.err
    assert not ours.disabled
    assert logging.getLogger().handlers == handlers


def test_the_version_table_is_read_from_env_py_without_running_it(directory: Path, project: Project, database: str) -> None:
    env(directory, top="NAME = 'shop_version'\n", options=", version_table=NAME, version_table_schema='public'")
    with (directory / "migrations/env.py").open("a") as file:
        file.write("\n")
    assert project.version_table == VersionTable(name="shop_version", schema="public")
    runner.upgrade(project, database, "heads")
    with connect(database, purpose="test") as c:
        assert project.recorded(c) == ("c1",)


def test_a_computed_version_table_is_learnt_by_running_env_py_off_line(directory: Path, project: Project) -> None:
    env(directory, options=", version_table='shop' + '_version'")
    assert project.version_table == VersionTable(name="shop_version")


def test_the_models_are_found_through_env_py(directory: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    package = directory / "histshop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "db.py").write_text("from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n")
    (package / "models.py").write_text(
        "from sqlalchemy.orm import Mapped, mapped_column\nfrom .db import Base\n"
        "class User(Base):\n    __tablename__ = 'users'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )
    monkeypatch.syspath_prepend(str(directory))
    env(directory, top="from histshop import models\nfrom histshop.db import Base", options=", target_metadata=Base.metadata")
    assert runner.target(project).target_metadata_spec == "histshop.models,histshop.db:Base"


def test_a_module_that_env_py_needs_and_we_lack_is_named(directory: Path, project: Project, database: str) -> None:
    env(directory, top="import no_such_driver")
    with pytest.raises(ConfigurationError, match="no_such_driver") as error:
        runner.upgrade(project, database, "heads")
    assert "pip install no_such_driver" in error.value.next


def test_a_password_in_env_pys_error_is_not_repeated(directory: Path, project: Project, database: str) -> None:
    env(directory, url="(_ for _ in ()).throw(ValueError('cannot reach postgresql://me:hunter2@host/x'))")
    with pytest.raises(ConfigurationError) as error:
        runner.upgrade(project, database, "heads")
    assert "hunter2" not in error.value.what


ASYNC = """\
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

def do(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    async with create_async_engine({url}, poolclass=pool.NullPool).connect() as connection:
        await connection.run_sync(do)

if context.is_offline_mode():
    context.configure(url="postgresql://", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(main())
"""


@pytest.mark.skipif(not find_spec("greenlet"), reason="SQLAlchemy's asyncio needs greenlet")
@pytest.mark.parametrize("driver", ["psycopg", pytest.param("asyncpg", marks=pytest.mark.skipif(not find_spec("asyncpg"), reason="no asyncpg"))])
def test_an_async_env_py_is_driven(directory: Path, project: Project, database: str, driver: str) -> None:
    (directory / "migrations/env.py").write_text(ASYNC.format(url=repr(sqlalchemy_url(database, driver))))
    write(project, "e2", body='with op.get_context().autocommit_block():\n    op.execute("CREATE TABLE e2 (id int)")')
    runner.upgrade(project, database, "heads")
    assert {"e2", "c1"} <= tables(database)


@pytest.mark.skipif(bool(find_spec("asyncpg")) and bool(find_spec("greenlet")), reason="asyncpg is installed here")
def test_an_async_env_py_whose_driver_is_missing_says_so_and_still_serves_scratch_runs(directory: Path, project: Project, database: str) -> None:
    (directory / "migrations/env.py").write_text(ASYNC.format(url=repr(sqlalchemy_url(database, "asyncpg"))))
    with pytest.raises(ConfigurationError, match=r"greenlet|asyncpg") as error:
        runner.upgrade(project, database, "heads")
    assert "pip install" in error.value.next
    runner.upgrade(project, database, "heads", scratch=True)
    assert "c1" in tables(database)


def test_no_environment_says_to_run_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        Project.open(load(directory=tmp_path, environ={}))
    assert "bgmigrate init" in error.value.next


def test_a_project_is_found_from_a_directory_below_it(directory: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    below = directory / "some/where"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    project = Project.open(load(environ={}))
    assert [s.revision for s in project.expands()] == ["e1"]
    runner.upgrade(project, database, "heads")
    assert "c1" in tables(database)
    assert os.getcwd() == str(below)
