"""Where settings come from: a flag wins over the environment, which wins over the file, which wins over the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgmigrate.errors import ConfigurationError
from bgmigrate.settings import load, seconds


@pytest.mark.parametrize(
    ("text", "value"), [("300ms", 0.3), ("2s", 2), ("10m", 600), ("1h", 3600), ("1d", 86400), ("0", 0), ("1.5s", 1.5), (7, 7), (0.25, 0.25)]
)
def test_a_duration_is_a_number_with_a_unit_or_seconds(text: object, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["half a second", "", "-1s", "2 parsecs", True, None])
def test_anything_else_is_refused_and_the_key_named(text: object) -> None:
    with pytest.raises(ConfigurationError, match=r"expand\.lock_timeout"):
        seconds(text, "expand.lock_timeout")


@pytest.fixture
def pyproject(tmp_path: Path) -> Path:
    """A project with two settings."""
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "shop"\n[tool.bgmigrate]\nservice = "file"\n[tool.bgmigrate.expand]\nlock_timeout = "300ms"\n')
    return path


def test_a_flag_wins_over_the_environment_and_the_environment_over_the_file(pyproject: Path) -> None:
    where = pyproject.parent
    assert load(directory=where, environ={}).service == "file"
    assert load(directory=where, environ={"BGMIGRATE_SERVICE": "variable"}).service == "variable"
    assert load(directory=where, environ={"BGMIGRATE_SERVICE": "variable"}, overrides={"service": "flag"}).service == "flag"
    assert load(directory=where, environ={"BGMIGRATE_SERVICE": "variable"}, overrides={"service": None}).service == "variable"


def test_a_variable_reaches_into_a_table(pyproject: Path) -> None:
    found = load(directory=pyproject.parent, environ={"BGMIGRATE_EXPAND__LOCK_DEADLINE": "5s", "BGMIGRATE_ENVIRONMENTS__BLUE__ROLE": "svc_blue"})
    assert (found.expand.lock_timeout, found.expand.lock_deadline) == (0.3, 5.0)
    assert found.environment("blue").role == "svc_blue"
    assert found.environment("green").role is None


def test_a_file_of_its_own_has_the_same_keys_at_top_level(pyproject: Path) -> None:
    (pyproject.parent / "bgmigrate.toml").write_text('service = "own"\nmodels = ["a.models:Base", "b.models:Base"]\n')
    found = load(directory=pyproject.parent, environ={})
    assert found.service == "own"
    assert found.models == ("a.models:Base", "b.models:Base")


def test_the_service_is_called_as_the_project_when_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    assert load(directory=tmp_path, environ={}).service == "shop"


def test_a_file_named_by_flag_is_read_instead(pyproject: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('service = "other"\n')
    assert load(config=other, directory=pyproject.parent, environ={}).service == "other"
    with pytest.raises(ConfigurationError, match="no configuration file"):
        load(config=tmp_path / "nowhere.toml", environ={})


@pytest.mark.parametrize("line", ['sevice = "x"', "[expand]\nlock_time = 1", "[environments.blue]\nuser = 'x'", "[contract]\nquiet = 1"])
def test_a_misspelt_setting_is_not_passed_over(tmp_path: Path, line: str) -> None:
    (tmp_path / "bgmigrate.toml").write_text(line)
    with pytest.raises(ConfigurationError, match="unknown setting"):
        load(directory=tmp_path, environ={})


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "bgmigrate.toml").write_text("service = \n")
    with pytest.raises(ConfigurationError, match=r"bgmigrate\.toml is not valid TOML"):
        load(directory=tmp_path, environ={})


@pytest.mark.parametrize(("text", "bytes_"), [('"16MB"', 16 * 1024**2), ('"8kB"', 8192), ("512", 512), ('"1 GB"', 1024**3)])
def test_a_size_is_written_as_postgresql_writes_it(tmp_path: Path, text: str, bytes_: int) -> None:
    (tmp_path / "bgmigrate.toml").write_text(f"[expand]\nsmall_table = {text}\n")
    assert load(directory=tmp_path, environ={}).expand.small_table == bytes_


@pytest.mark.parametrize("text", ['"16 megs"', '"-1MB"', "true", '""'])
def test_what_is_no_size_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "bgmigrate.toml").write_text(f"[expand]\nsmall_table = {text}\n")
    with pytest.raises(ConfigurationError, match="small_table"):
        load(directory=tmp_path, environ={})


def test_a_command_without_a_database_is_told_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _ = load(directory=tmp_path, environ={}).url
    assert "BGMIGRATE_DATABASE_URL" in caught.value.next


def test_what_makes_a_backfill_wait_is_off_on_or_as_by_default(tmp_path: Path) -> None:
    assert (load(directory=tmp_path, environ={}).expand.max_replica_lag, load(directory=tmp_path, environ={}).expand.yield_to_waiting) == (None, None)
    environ = {"MAX_REPLICA_LAG": "0", "MAX_WAL_RATE": "20MB", "MAX_ACTIVE_SESSIONS": "12", "YIELD_TO_WAITING": "false", "IGNORED_STANDBYS": '["late*", "x"]'}
    found = load(directory=tmp_path, environ={f"BGMIGRATE_EXPAND__{k}": v for k, v in environ.items()}).expand
    assert (found.max_replica_lag, found.max_wal_rate, found.max_active_sessions) == (0.0, 20 * 1024**2, 12)
    assert (found.yield_to_waiting, found.ignored_standbys) == (False, ("late*", "x"))


@pytest.mark.parametrize(("key", "value"), [("YIELD_TO_WAITING", "no"), ("MAX_ACTIVE_SESSIONS", "many"), ("MAX_SLOT_BACKLOG", "10 parsecs"), ("METRICS_PORT", "http")])
def test_a_value_of_another_kind_is_refused_and_the_key_named(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"expand\.{key.lower()} = '{value}' is n"):
        load(directory=tmp_path, environ={f"BGMIGRATE_EXPAND__{key}": value})


def test_the_store_and_the_data_plane(pyproject: Path) -> None:
    pyproject.write_text(
        '[tool.bgmigrate.store]\nkind = "consul"\ntimeout = "3s"\n'
        '[[tool.bgmigrate.actuators]]\nkind = "command"\napply = ["a", "{environment}"]\nobserve = "b"\nready_within = "1m"\n'
    )
    found = load(directory=pyproject.parent, environ={"BGMIGRATE_STORE__TOKEN": "s3cret"})
    assert (found.store.kind, found.store.timeout, found.store.token) == ("consul", 3.0, "s3cret")
    assert "s3cret" not in repr(found)
    (command,) = found.actuators
    assert (command.kind, command.ready_within) == ("command", 60.0)
    with pytest.raises(ConfigurationError, match="no store of kind 'etcd'"):
        load(directory=pyproject.parent, environ={"BGMIGRATE_STORE__KIND": "etcd"})
    with pytest.raises(ConfigurationError, match=r"store\.tokn"):
        load(directory=pyproject.parent, environ={"BGMIGRATE_STORE__TOKN": "x"})
