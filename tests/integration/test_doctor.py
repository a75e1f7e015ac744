"""The doctor: each thing that is wrong with a set-up is found, named and given its remedy; a sound one is left in peace."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from bgmigrate.workflow.environment_file import statements_before_configure
from tests.integration.shop import BLUE, GREEN
from tests.project import Project, Result
from tests.servers import Server


@pytest.fixture
def shop(project: Project) -> Project:
    """A sound set-up."""
    project.models(blue=BLUE, green=GREEN)
    project.must("init")
    project.must("register", "--version", "1.0", "--source", project.spec("blue"))
    return project


def texts(result: Result) -> str:
    """What it found."""
    return "\n".join(f["what"] for f in result.json["findings"])


def test_a_sound_set_up_has_nothing_to_complain_of(shop: Project) -> None:
    result = shop.must("doctor")
    assert result.json["findings"] == []
    assert result.json["outcome"] == "done"
    assert "database" in result.json["checks"]
    assert all(line.startswith("ok ") for line in shop.call("doctor", json=False).out.splitlines())


def test_a_database_that_is_away_does_not_stop_the_other_questions(shop: Project) -> None:
    shop.environ["BGMIGRATE_DATABASE_URL"] = "postgresql://me:s3cret@127.0.0.1:9/shop"
    (shop.directory / "migrations/env.py").write_text(
        "from alembic import context\nconnection.execute('SET lock_timeout = 1')\ncontext.configure(connection=connection)\n"
    )
    result = shop.call("doctor")
    assert result.code == 1
    assert {"BGM920", "BGM918"} <= result.codes
    assert "s3cret" not in result.out + result.err


def test_no_alembic_environment(project: Project) -> None:
    result = project.must("doctor", code=2)
    assert "bgmigrate init" in result.json["next"]


def test_branches_stamped_one_by_one(shop: Project) -> None:
    shop.sql("CREATE TABLE alembic_version (version_num text)")
    history = shop.must("status").json["heads"]["files"]
    from tests.integration.test_switch import add_revision

    add_revision(shop, "expand", "e1")
    add_revision(shop, "contract", "c1", depends_on="e1")
    shop.sql("INSERT INTO alembic_version VALUES ('e1'), ('c1')")
    result = shop.must("doctor", code=2)
    assert "expand@head contract@head" in texts(result)
    assert result.json["next"] == "alembic stamp --purge c1"
    assert history


def test_a_revision_that_no_file_has(shop: Project) -> None:
    shop.sql("CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('fedcba987654')")
    result = shop.must("doctor", code=2)
    assert "fedcba987654" in texts(result)


def test_throw_away_databases_beside_the_live_one_are_a_warning(shop: Project) -> None:
    with psycopg.connect(shop.scratch_url, autocommit=True) as c:
        c.execute("ALTER SYSTEM SET fsync = on")
        c.execute("SELECT pg_reload_conf()")
        try:
            result = shop.must("doctor")
        finally:
            c.execute("ALTER SYSTEM SET fsync = off")
            c.execute("SELECT pg_reload_conf()")
    (finding,) = result.json["findings"]
    assert (finding["code"], finding["severity"]) == ("BGM921", "warning")
    assert "checkpoint" in finding["why"]


def test_environments_that_nothing_tells_apart_are_a_warning(shop: Project) -> None:
    path = shop.directory / "pyproject.toml"
    path.write_text(path.read_text().replace('application_name = "shop-green*"', ""))
    result = shop.must("doctor")
    assert [(f["code"], f["severity"]) for f in result.json["findings"]] == [("BGM913", "warning")]
    assert "green" in texts(result)


def test_a_misspelt_role_would_look_drained(shop: Project) -> None:
    shop.environ["BGMIGRATE_ENVIRONMENTS__BLUE__ROLE"] = "svc_no_such_role"
    assert "svc_no_such_role" in texts(shop.must("doctor", code=2))


def test_a_sync_trigger_that_is_gone(shop: Project) -> None:
    shop.sql("INSERT INTO bgmigrate.synchronization (table_name, trigger, function, revision, spec) VALUES ('users', 't', 'f', 'e1', '{}')")
    assert "BGM808" in shop.must("doctor", code=2).codes


@pytest.fixture
def lowly(server: Server, project: Project) -> Iterator[str]:
    """The URL of a role that owns nothing here."""
    with psycopg.connect(server.url, autocommit=True) as c:
        c.execute("DROP ROLE IF EXISTS bgm_visitor")
        c.execute("CREATE ROLE bgm_visitor LOGIN PASSWORD 'v'")
        yield project.url.replace("postgres@", "bgm_visitor:v@")
        c.execute("DROP ROLE bgm_visitor")


def test_missing_privileges_are_named_with_their_grant(project: Project, lowly: str) -> None:
    project.must("init")
    project.sql("CREATE TABLE users (id int)")
    project.environ["BGMIGRATE_DATABASE_URL"] = lowly
    result = project.must("doctor", code=2)
    assert "may not create schema bgmigrate" in texts(result)
    assert "does not own 1 tables: public.users" in texts(result)
    assert any("GRANT CREATE ON DATABASE" in f["next"] for f in result.json["findings"])


def test_a_scratch_server_that_is_away(shop: Project) -> None:
    shop.environ["BGMIGRATE_SCRATCH_URL"] = "postgresql://127.0.0.1:9/x"
    assert "BGM920" in shop.must("doctor", code=2).codes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def run():\n    c.execute('SET x')\n    context.configure()\n", [(2, "c.execute('SET x')")]),
        ("def run():\n    context.configure()\n    c.execute('SET x')\n", []),
        ("with e.connect() as c:\n    c.exec_driver_sql('LOCK')\n    context.configure()\n", [(2, "c.exec_driver_sql('LOCK')")]),
        ("def other():\n    c.execute('x')\ndef run():\n    context.configure()\n", []),
        ("x = 1\n", []),
    ],
)
def test_statements_before_configure_are_read_from_env_py_s_text(text: str, found: list[tuple[int, str]]) -> None:
    assert statements_before_configure(text) == found
