"""`contract --fence`: the retired role logs in no more, once nothing else is in the way; and may again when its version is to run."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.integration.releasing import released
from tests.project import Project

ROLES = '''
[tool.bgmigrate.environments.blue]
role = "fenced_blue"
[tool.bgmigrate.environments.green]
role = "fenced_green"
'''


@pytest.fixture
def roles(project: Project) -> Iterator[Project]:
    """A project whose environments have a role each."""
    config = project.directory / "pyproject.toml"
    text = config.read_text()
    config.write_text(text[:text.index("[tool.bgmigrate.environments.blue]")] + ROLES)
    for name in ("fenced_blue", "fenced_green"):
        project.sql(f"DROP ROLE IF EXISTS {name}")
        project.sql(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    released(project)
    yield project
    project.sql("DROP OWNED BY fenced_blue, fenced_green")
    project.sql("DROP ROLE fenced_blue, fenced_green")


def as_role(project: Project, role: str, **options: str) -> psycopg.Connection[tuple[object, ...]]:
    parts = urlsplit(project.url)
    return psycopg.connect(urlunsplit(parts._replace(netloc=f"{role}:x@{parts.netloc.rpartition('@')[2]}")), autocommit=True, **options)  # type: ignore[arg-type]


def logs_in(project: Project, role: str) -> bool:
    return project.sql(f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{role}'") == [(True,)]


def test_a_fence_comes_last_and_goes_with_undo_with_a_switch_back_and_with_register(roles: Project) -> None:
    config = roles.directory / "pyproject.toml"
    whole = config.read_text()
    config.write_text(whole.replace('"fenced_green"', '"fenced_blue"'))
    assert roles.must("contract", "--fence", code=3).codes == {"BGM965"}  # shared by both
    config.write_text(whole)

    roles.sql("ALTER TABLE users DISABLE TRIGGER ALL")
    assert "BGM808" in roles.must("contract", "--fence", code=3).codes
    assert logs_in(roles, "fenced_blue")  # refused for another reason: nobody was fenced
    roles.sql("ALTER TABLE users ENABLE TRIGGER ALL")

    with as_role(roles, "fenced_blue") as blue:
        blue.execute("SELECT 1")
        refused = roles.must("contract", "--fence", "--quarantine", "1h", code=6)
        assert (refused.codes, logs_in(roles, "fenced_blue")) == ({"BGM912"}, False)
        with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
            as_role(roles, "fenced_blue")
        roles.environ["BGMIGRATE_CONTRACT__SESSIONS"] = "terminate"
        roles.must("contract", "--fence", "--quarantine", "1h")
        with pytest.raises(psycopg.OperationalError):
            blue.execute("SELECT 1")
    roles.must("contract", "--undo")
    as_role(roles, "fenced_blue").close()

    roles.must("contract", "--fence", "--quarantine", "1h")
    assert not logs_in(roles, "fenced_blue")
    roles.must("contract", "--undo")
    assert logs_in(roles, "fenced_blue")
    roles.sql("INSERT INTO bgmigrate.fence (role, service, environment) VALUES ('fenced_blue', 'shop', 'blue')")
    roles.sql("ALTER ROLE fenced_blue NOLOGIN")
    roles.must("switch", "--to", "blue")
    assert logs_in(roles, "fenced_blue")
    roles.must("switch", "--to", "green")

    roles.must("contract", "--fence")
    assert not logs_in(roles, "fenced_blue")
    roles.must("register", "--env", "blue", "--version", "3", "--source", roles.spec("green"))
    assert logs_in(roles, "fenced_blue")


def test_sessions_that_may_not_be_ended_are_a_refusal_before_anybody_is_fenced(roles: Project) -> None:
    with as_role(roles, "fenced_blue") as blue:
        blue.execute("SELECT 1")
        roles.environ["BGMIGRATE_CONTRACT__SESSIONS"] = "fail"
        assert roles.must("contract", "--fence", code=6).codes == {"BGM912"}
    assert logs_in(roles, "fenced_blue")
    roles.environ["BGMIGRATE_CONTRACT__SESSIONS"] = "shoot"
    assert "wait, terminate, fail" in roles.must("contract", "--fence", code=2).json["what"]


def test_a_session_of_no_environment_is_a_reason_to_refuse_where_it_may_touch_the_table(roles: Project) -> None:
    roles.sql("DROP ROLE IF EXISTS fenced_stranger")
    roles.sql("CREATE ROLE fenced_stranger LOGIN PASSWORD 'x'")
    try:
        with as_role(roles, "fenced_stranger", application_name="reports") as stranger:
            stranger.execute("SELECT 1")
            roles.must("contract", "--quarantine", "1h")  # it cannot touch the table
            roles.must("contract", "--undo")
            roles.sql("GRANT SELECT ON users TO fenced_stranger")
            roles.must("verify", "--blue", roles.spec("blue"), "--green", roles.spec("green"))
            refused = roles.must("contract", code=6)
            assert refused.codes == {"BGM963"}
            assert "reports" in refused.json["what"]
            roles.must("contract", "--drained", "it is the reporting tool, which reads ids only")
    finally:
        roles.sql("DROP OWNED BY fenced_stranger")
        roles.sql("DROP ROLE fenced_stranger")
