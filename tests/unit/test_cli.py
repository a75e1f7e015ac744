"""The command line: one object with --json, the exit code of the error's class, nothing heavy imported for --help."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

import bgmigrate
from bgmigrate import failures
from bgmigrate.cli import common, main
from bgmigrate.cli.main import COMMANDS
from bgmigrate.errors import BgmigrateError, Conflict, NotDrained, Refused
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report

HEAVY = ("sqlalchemy", "alembic", "psycopg", "rich")


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run one command in this process."""
    monkeypatch.setattr(sys, "argv", ["bgmigrate", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, out, err


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Let `status` do whatever a test wants."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BGMIGRATE_DATABASE_URL", "postgresql://me:s3cret@nowhere/db")

    def install(does: Any) -> None:
        def status(settings: Settings, *, progress: object) -> Report:
            if isinstance(does, BaseException):
                raise does
            assert isinstance(does, Report)
            return does

        monkeypatch.setattr("bgmigrate.workflow.status.status", status)

    return install


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv[1:] = ['--help']\nfrom bgmigrate.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_starts_within_one_and_a_half_times_the_time_of_alembic() -> None:
    def best(*command: str) -> float:
        times = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", *command, "--help"], capture_output=True, check=True)
            times.append(time.perf_counter() - began)
        return min(times)

    assert best("bgmigrate") <= 1.5 * best("alembic")


@pytest.mark.parametrize("command", [c.name for c in COMMANDS])
def test_every_command_has_an_example_and_the_common_options(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, command, "--help")
    assert code == 0
    assert f"Example:\n    bgmigrate {command}" in out
    for option in ("--json", "--config", "--database-url", "--verbose", "--quiet"):
        assert option in out


def test_every_command_is_a_function_of_the_same_name() -> None:
    import bgmigrate.backfill
    import bgmigrate.snapshot  # a module of the same name, which must not stand before the command

    for command in ("register", "snapshot", "switch", "status", "doctor", "init"):
        assert callable(getattr(bgmigrate, command)), command
    assert bgmigrate.load().service
    with pytest.raises(AttributeError):
        _ = bgmigrate.nonsense


def test_the_version_is_the_package_s(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, capsys, "--version")[1] == f"bgmigrate {bgmigrate.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [("status", "--nonsense"), ("nonsense",), ("switch", "--to", "red"), ("plan",), ("expand", "--wait", "soon"), ("backfill", "--pause", "--resume")],
)
def test_usage_errors_are_2_and_one_object_with_json(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(monkeypatch, capsys, *arguments)
    assert (code, out) == (2, "")
    assert "BGM921" in err
    code, out, err = run(monkeypatch, capsys, *arguments, "--json")
    assert code == 2
    content = json.loads(out)
    assert (content["schema"], content["outcome"], content["exit_code"]) == ("bgmigrate/1", "error", 2)
    assert content["what"]
    assert err == ""


@pytest.mark.parametrize(
    ("error", "code", "outcome"),
    [
        (Refused("no", why="w", next="n"), 3, "refused"),
        (Conflict("held", why="w", next="n", blockers=[{"pid": 7, "user": "u", "relation": "users"}]), 5, "refused"),
        (NotDrained("there", why="w", next="n"), 6, "refused"),
        (BgmigrateError("gone", next="n"), 1, "error"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (RuntimeError("surprise s3cret"), 1, "error"),
        (psycopg.OperationalError("server closed the connection\nmore"), 1, "error"),
        (FileNotFoundError(2, "No such file", "x.json"), 1, "error"),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, BaseException) else str(v),
)
def test_an_error_s_class_is_its_exit_code_and_its_texts_are_in_the_object(
    error: BaseException, code: int, outcome: str, workflow: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow(error)
    got, out, err = run(monkeypatch, capsys, "status", "--json")
    content = json.loads(out)
    assert (got, content["exit_code"], content["outcome"], content["command"]) == (code, code, outcome, "status")
    assert content["next"]
    assert content["findings"][0]["what"]
    assert "Traceback" not in err
    assert "s3cret" not in out + err
    assert content.get("blockers") == (error.extra.get("blockers") if isinstance(error, BgmigrateError) else None)


def test_for_a_person_a_refusal_lists_its_findings_and_blockers(
    workflow: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow(Conflict("no lock on users", why="others would wait", next="again", blockers=[{"pid": 7, "user": "u", "mode": None}]))
    code, out, err = run(monkeypatch, capsys, "status")
    assert (code, out) == (5, "")
    assert err == "error BGM914: no lock on users\n  why: others would wait\n  next: again\n  blocked by pid 7, user u\n"


def test_a_traceback_is_shown_only_with_v_and_never_the_password(
    workflow: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow(RuntimeError("connection to s3cret"))
    assert "Traceback" not in run(monkeypatch, capsys, "status")[2]
    err = run(monkeypatch, capsys, "status", "-v")[2]
    assert "Traceback" in err
    assert "s3cret" not in err


def test_the_traceback_of_an_application_s_code_is_shown_only_with_v(
    workflow: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow(Refused("models fail: KeyError", next="n", traceback="in helper, with s3cret"))
    code, out, err = run(monkeypatch, capsys, "status", "--json")
    assert code == 3
    assert "in helper" not in out + err
    workflow(Refused("models fail: KeyError", next="n", traceback="in helper, with s3cret"))
    assert run(monkeypatch, capsys, "status", "--json", "-v")[2] == "in helper, with ***\n"


def test_a_report_is_one_object_or_a_few_lines(workflow: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    workflow(Report(command="status", outcome="done", service="shop", extra={"live": None}, lines=("live nobody",), next="bgmigrate register"))
    assert json.loads(run(monkeypatch, capsys, "status", "--json")[1])["live"] is None
    assert run(monkeypatch, capsys, "status")[1] == "live nobody\nnext: bgmigrate register\n"


def test_alembic_s_own_complaint_is_a_matter_of_configuration() -> None:
    from alembic.util import CommandError

    said = failures.explain(CommandError("Can't locate revision identified by 'x'"), None, verbose=False)
    assert said.exit_code == 2
    assert "Can't locate revision" in said.what


def test_a_database_error_that_sqlalchemy_wraps_is_still_a_database_error() -> None:
    from sqlalchemy.exc import OperationalError

    said = failures.explain(OperationalError("SELECT 1", {}, psycopg.OperationalError("gone away")), None, verbose=False)
    assert said.exit_code == 1
    assert "gone away" in said.what
    assert "SELECT 1" not in said.what


def test_sigterm_ends_a_command_as_ctrl_c_does(tmp_path: Path) -> None:
    script = (
        "import sys, time\nfrom bgmigrate.workflow import status\n"
        "def wait(settings, *, progress):\n    print('ready', file=sys.stderr, flush=True)\n    time.sleep(60)\n"
        "status.status = wait\nsys.argv[1:] = ['status', '--json']\nfrom bgmigrate.cli import main\nmain()\n"
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert json.loads(out)["outcome"] == "interrupted"
        assert "same command" in json.loads(out)["what"]
        assert "Traceback" not in err


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen([sys.executable, "-m", "bgmigrate", "--help"], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    _, err = process.communicate(timeout=30)
    assert err == ""
    assert process.returncode in (0, 1)


def test_durations_on_the_command_line_are_as_in_the_configuration() -> None:
    assert common.DURATION.convert("10m", None, None) == 600


def test_shell_completion_is_offered() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bgmigrate"], env={**os.environ, "_BGMIGRATE_COMPLETE": "bash_source"}, capture_output=True, text=True, check=True
    )
    assert re.search(r"complete .*bgmigrate", done.stdout)
