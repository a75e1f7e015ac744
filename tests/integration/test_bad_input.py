"""Bad input: the exit code says what kind of trouble it is, the text what to do, and nothing is changed."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.integration.shop import BASE, BLUE, GREEN, SEED
from tests.lifecycle import catalog
from tests.project import Project, Result

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def shop(project: Project) -> Project:
    """A project whose blue version is live on a small database."""
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED.format(rows=20))
    return project


def refused(result: Result, code: int, *finding_codes: str) -> Result:
    """It ended with that code, says so in its JSON, and each finding says what is wrong and what to do next."""
    assert result.code == code, result
    assert result.json["exit_code"] == code
    assert set(finding_codes) <= result.codes, result
    for finding in result.json["findings"]:
        assert finding["what"], result
        assert finding.get("next") or result.json["next"], result
    assert "Traceback" not in result.err, result
    return result


@pytest.mark.parametrize("command", ["status", "expand", "contract", "rollback", "switch", "verify"])
def test_without_a_database_configured_a_person_is_told_to_name_one(shop: Project, command: str) -> None:
    shop.environ["BGMIGRATE_DATABASE_URL"] = ""
    assert "BGMIGRATE_DATABASE_URL" in refused(shop.call(command), 2, "BGM921").json["next"]


@pytest.mark.parametrize("command", ["status", "expand", "contract", "rollback", "switch", "verify", "register"])
def test_a_server_that_is_away_is_worth_a_retry(shop: Project, command: str) -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    shop.environ["BGMIGRATE_DATABASE_URL"] = f"postgresql+psycopg://me:s3cret-of-mine@127.0.0.1:{port}/shop"
    arguments = ("--source", shop.spec("blue")) if command == "register" else ()
    result = refused(shop.call(command, *arguments), 1, "BGM920")
    assert "s3cret-of-mine" not in result.out + result.err


def test_another_kind_of_database_is_refused(shop: Project) -> None:
    shop.environ["BGMIGRATE_DATABASE_URL"] = "mysql://me@host/shop"
    refused(shop.call("status"), 2, "BGM921")


def test_unknown_settings_are_not_passed_over(shop: Project) -> None:
    path = shop.directory / "pyproject.toml"
    path.write_text(path.read_text().replace('service = "shop"', 'service = "shop"\nmodel = "models:Base"'))
    assert "model" in refused(shop.call("status"), 2, "BGM921").json["what"]


def test_a_duration_that_is_none_is_refused(shop: Project) -> None:
    path = shop.directory / "pyproject.toml"
    path.write_text(path.read_text() + '[tool.bgmigrate.expand]\nlock_timeout = "half a second"\n')
    assert "lock_timeout" in refused(shop.call("expand"), 2, "BGM921").json["what"]


def test_a_configuration_file_that_is_not_there(shop: Project) -> None:
    refused(shop.call("status", "--config", "nowhere.toml"), 2, "BGM921")


def test_an_unknown_option_is_a_usage_error_in_json_too(shop: Project) -> None:
    refused(shop.call("expand", "--force"), 2)


# --- models

def test_no_models_are_configured(project: Project) -> None:
    project.models(blue=BLUE)
    path = project.directory / "pyproject.toml"
    path.write_text(path.read_text().replace('models = "models:Base"\n', ""))
    refused(project.call("snapshot", f"path:{project.directory / 'blue'}"), 2)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ("models:Nothing", "Nothing"),
        ("nowhere:Base", "nowhere"),
        ("models:mapped_column", "mapped_column"),
    ],
    ids=["no such attribute", "no such module", "neither base nor metadata"],
)
def test_models_that_are_not_there(project: Project, models: str, words: str) -> None:
    project.models(blue=BLUE)
    result = refused(project.call("snapshot", f"path:{project.directory / 'blue'}#{models}"), 2, "BGM922")
    assert words in result.out


def test_models_that_fail_to_import_show_the_last_line_and_the_rest_on_request(shop: Project) -> None:
    shop.models(green=BASE + "\ndef helper():\n    raise RuntimeError('no licence file ☕')\n\nhelper()\n")
    command = ("plan", "-m", "x", "--from", shop.spec("blue"), "--target", shop.spec("green"))
    assert "RuntimeError: no licence file ☕" in refused(shop.call(*command), 2, "BGM922").json["what"]
    short = shop.call(*command, json=False)
    assert short.code == 2
    assert "RuntimeError: no licence file ☕" in short.err
    assert "in helper" not in short.out + short.err
    long = shop.call(*command, "-v", json=False)
    assert long.code == 2
    assert "in helper" in long.err


def test_models_that_print_and_exit_do_not_confuse_anyone(shop: Project) -> None:
    shop.models(green=GREEN + "\nprint('hello')\nimport sys; sys.exit(0)\n")
    refused(shop.call("snapshot", shop.spec("green")), 2, "BGM922")
    shop.models(green=GREEN + "\nprint('{\"hello\": 1}')\n")
    assert shop.call("snapshot", shop.spec("green"), "-o", "green.json").code == 0


# --- SPECs

@pytest.mark.parametrize(
    "spec",
    ["path:nowhere", "git:no-such-ref", "python:/nowhere/bin/python", "snapshot:nowhere.json", "ftp:somewhere", "models:Base", ""],
)
def test_a_spec_that_is_not_there(shop: Project, spec: str) -> None:
    subprocess.run(["git", "init", "-q"], cwd=shop.directory, check=True)
    result = refused(shop.call("plan", "-m", "x", "--from", shop.spec("blue"), "--target", spec), 2)
    assert not spec or spec.partition(":")[2] in result.out


def test_a_snapshot_file_that_is_none(shop: Project, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    for text in ("{}", "not json", "[]", '{"schema": "bgmigrate.snapshot/1"}'):
        file.write_text(text)
        refused(shop.call("plan", "-m", "x", "--from", shop.spec("blue"), "--target", f"snapshot:{file}"), 2)


def test_deployed_where_nothing_was_ever_registered(project: Project) -> None:
    project.models(blue=BLUE, green=GREEN)
    project.must("init")
    result = project.call("plan", "-m", "x", "--from", "deployed", "--target", project.spec("green"))
    assert "register" in refused(result, 2).out


# --- history

@pytest.mark.parametrize("command", [("plan", "-m", "x"), ("expand",), ("contract",), ("rollback",)], ids=lambda c: c[0])
def test_without_an_alembic_environment_init_is_the_next_command(project: Project, command: tuple[str, ...]) -> None:
    project.models(blue=BLUE, green=GREEN)
    arguments = ("--target", project.spec("blue")) if command[0] == "plan" else ()
    assert "bgmigrate init" in refused(project.call(*command, *arguments), 2).out


def test_a_database_ahead_of_the_history(shop: Project) -> None:
    shop.sql("UPDATE alembic_version SET version_num = 'fedcba987654' WHERE ctid = (SELECT min(ctid) FROM alembic_version)")
    for command in ("expand", "contract", "rollback", "verify"):
        before = catalog.read(shop.url)
        result = shop.call(command, *(("--blue", shop.spec("blue"), "--green", shop.spec("green")) if command == "verify" else ()))
        assert result.code in (2, 3), result
        assert "fedcba987654" in result.out, result
        assert "BGM918" in result.codes, result
        assert catalog.read(shop.url) == before


def test_a_database_behind_the_history_is_expanded_before_anything_is_contracted(shop: Project) -> None:
    shop.must("plan", "-m", "rename", "--from", shop.spec("blue"), "--target", shop.spec("green"))
    refused(shop.call("contract", "--drained", "nobody"), 3, "BGM905")
    assert shop.must("status").json["pending"]


def test_a_revision_deleted_from_disk(shop: Project) -> None:
    plan = shop.must("plan", "-m", "rename", "--from", shop.spec("blue"), "--target", shop.spec("green"))
    shop.must("expand")
    expand = next(r for r in plan.json["revisions"] if r["phase"] == "expand")
    for revision in plan.json["revisions"]:
        (shop.directory / revision["path"]).unlink()
    for command in ("expand", "rollback", "contract"):
        result = shop.call(command)
        assert result.code in (2, 3), result
        assert expand["revision"] in result.out, result
        assert "BGM918" in result.codes, result


# --- tables

def test_a_table_without_a_key_is_filled_all_the_same(project: Project) -> None:
    table = BASE + 'Table("logs", Base.metadata, Column("line", Text), {more})\n'
    project.models(
        blue=table.format(more=""),
        green=table.format(more="""Column("size", Integer, nullable=False, info={"bgmigrate": {"forward": "length(line)"}})"""),
    )
    project.start_blue("INSERT INTO logs SELECT repeat('x', i % 7) FROM generate_series(1, 3000) i")
    project.must("plan", "-m", "size", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    assert project.sql("SELECT count(*), count(*) FILTER (WHERE size IS DISTINCT FROM length(line)) FROM logs") == [(3000, 0)]


def test_a_missing_hint_is_refused_with_the_hint_to_write(shop: Project) -> None:
    shop.models(green=GREEN.replace(', info={"bgmigrate": {"renamed_from": "name"}}', ""))
    files = sorted((shop.directory / "migrations").rglob("*.py"))
    result = refused(shop.call("plan", "-m", "x", "--from", shop.spec("blue"), "--target", shop.spec("green")), 3)
    assert result.codes & {"BGM902", "BGM903"}
    assert "renamed_from" in result.out or "forward" in result.out
    assert sorted((shop.directory / "migrations").rglob("*.py")) == files


def test_an_expression_that_the_server_rejects_changes_nothing(shop: Project) -> None:
    shop.models(green=BLUE + """    size: Mapped[int] = mapped_column(info={"bgmigrate": {"forward": "lenght(name) +"}})\n""")
    before = catalog.read(shop.url)
    result = shop.call("plan", "-m", "x", "--from", shop.spec("blue"), "--target", shop.spec("green"))
    if result.code == 0:
        result = shop.call("expand")
    refused(result, 3, "BGM904")
    assert catalog.read(shop.url) == before
