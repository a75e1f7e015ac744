"""The demo: it shows a release that goes through, notices when one does not, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bgmigrate.database import sqlalchemy_url
from bgmigrate.demo import facts, project, story, summary
from bgmigrate.demo.figures import Figures
from bgmigrate.demo.fleet import Fleet
from bgmigrate.demo.stage import Stage
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.demo import demo as workflow

CUSTOMERS = 2000
CREATE = """
import sys
sys.path.insert(0, sys.argv[1])
from shop.models import Base
from sqlalchemy import create_engine
Base.metadata.create_all(create_engine(sys.argv[2]))
"""


def demo(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the command with a temporary directory of its own, so that what it leaves is seen."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("BGMIGRATE_", "PYTEST_"))} | {"TMPDIR": str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, "-m", "bgmigrate", "demo", "--customers", str(CUSTOMERS), *arguments], cwd=tmp_path, env=environ,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )


def left_behind(tmp_path: Path) -> list[str]:
    """Files in its directory and processes that mention it; `runtime-…` is the embedded server's package's own lock file."""
    files = [p.name for p in tmp_path.iterdir() if not p.name.startswith("runtime-")]
    processes = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile
        if str(tmp_path) in text:
            processes.append(text)
    return files + processes


@pytest.mark.slow
def test_a_release_loses_no_request_and_no_value(tmp_path: Path) -> None:
    process = demo(tmp_path, "--json")
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, out + err
    report = json.loads(out)
    assert report["outcome"] == "done"
    assert report["totals"]["both"]["failed"] == report["totals"]["both"]["wrong"] == report["audit_wrong"] == 0
    assert min(report["totals"][version]["requests"] for version in ("blue", "green")) > 100
    assert {"blue alone", "expand", "both", "verify", "contract", "green alone"} <= {row["phase"] for row in report["phases"]}
    assert report["audited"] >= CUSTOMERS
    assert min(report["visitors"][version] for version in ("blue", "green")) > 5
    assert (report["visitors"]["failed"], report["visitors"]["late"]) == (0, 0)
    assert sum(b["rows"] for b in report["backfills"]) >= CUSTOMERS
    for command in ("plan", "expand", "verify", "switch --to green", "switch --to blue", "contract"):
        assert f"$ bgmigrate {command}" in err
    assert left_behind(tmp_path) == []
    table = "\n".join(summary.lines(report))
    assert all(word in table for word in ("p50 ms", "p99 ms", "max ms", "rows/s", "longest stall", "0 wrong values"))


INTERRUPTS = [(signal.SIGINT, "$ bgmigrate init"), (signal.SIGTERM, "Blue's load begins"), (signal.SIGINT, "$ bgmigrate verify")]


@pytest.mark.slow
@pytest.mark.exhaustive(turns=5)
@pytest.mark.parametrize(("number", "at"), INTERRUPTS)
def test_interrupted_it_leaves_nothing(tmp_path: Path, number: signal.Signals, at: str) -> None:
    code, err = interrupt(demo(tmp_path), number, at)
    assert code == 130, err
    assert "Traceback" not in err
    assert left_behind(tmp_path) == []


@pytest.mark.slow
def test_it_keeps_its_project_when_asked(tmp_path: Path) -> None:
    code, err = interrupt(demo(tmp_path, "--keep"), signal.SIGINT, "$ bgmigrate expand")
    assert code == 130, err
    (kept,) = tmp_path.glob("bgmigrate-demo-*")
    assert str(kept) in err
    assert len(list(kept.glob("migrations/expand/*the_shop_as_it_is*.py"))) == 1
    assert left_behind(tmp_path) == [kept.name]


@pytest.mark.parametrize("fault", ["failed", "wrong", "audit"])
def test_one_fault_is_enough_to_fail(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def release(stage: Stage, url: str, customers: int) -> list[dict[str, Any]]:
        stage.figures.count("both", "green", 1.0, "OperationalError: gone" if fault == "failed" else None, ["a value"] if fault == "wrong" else [])
        return []

    monkeypatch.setattr(story, "release", release)
    monkeypatch.setattr(Fleet, "audit", lambda *_: (CUSTOMERS, ["a value"] if fault == "audit" else []))
    report = workflow(Settings(directory=tmp_path), customers=CUSTOMERS, progress=Progress(-1))
    assert (report.outcome, report.exit_code) == ("error", 1)
    assert len(report.as_json()["problems"]) == 1


def interrupt(process: subprocess.Popen[str], number: signal.Signals, at: str) -> tuple[int, str]:
    """Interrupt the demo when it says this; its exit code and what it said then."""
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if at in line:
            break
    else:
        raise AssertionError(f"it ended before {at!r}: {''.join(said)}")
    # Ctrl-C reaches the whole group of a terminal; SIGTERM the one process that it is sent to
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


class TestLoad:
    """The load is worth nothing if it would not notice."""

    @pytest.fixture
    def shop(self, database: str) -> str:
        subprocess.run([sys.executable, "-c", CREATE, str(project.trees() / "blue"), sqlalchemy_url(database)], check=True)
        project.seed(database, CUSTOMERS)
        return database

    def run(self, url: str, meanwhile: str = "") -> tuple[Figures, list[str]]:
        """Blue's load until it has done some work; `meanwhile` is run behind its back."""
        figures = Figures()
        batons = [{"customer": i, "facts": facts.seeded(i)} for i in range(1, 41)]
        with Fleet(project.trees(), url, figures) as fleet:
            fleet.start("blue")
            fleet.phase("before", {"blue": 300.0}, batons)
            _until(lambda: figures.total()["requests"] > 100)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(meanwhile.encode() or b"SELECT 1")
            enough = figures.total()["requests"] + 200
            _until(lambda: figures.total()["requests"] > enough)
            fleet.stop("blue")
            _, wrong = fleet.audit("blue", CUSTOMERS)
        return figures, wrong

    def test_finds_nothing_where_nothing_is_wrong(self, shop: str) -> None:
        figures, wrong = self.run(shop)
        assert (figures.total()["failed"], figures.total()["wrong"], wrong) == (0, 0, [])

    def test_finds_a_value_that_changed(self, shop: str) -> None:
        figures, _ = self.run(shop, "UPDATE customers SET name = upper(name)")
        assert figures.total()["wrong"] > 0
        assert "customer" in figures.problems[0]

    def test_finds_a_value_that_no_request_touched(self, shop: str) -> None:
        figures, wrong = self.run(shop, f"UPDATE customers SET fax = 'lost' WHERE id = {CUSTOMERS}")
        assert figures.total()["wrong"] == 0
        assert wrong == [f"customer {CUSTOMERS}.fax is 'lost', not '+49 {CUSTOMERS}-9'"]

    def test_counts_a_request_that_fails(self, shop: str) -> None:
        figures, _ = self.run(shop, "ALTER TABLE orders ADD COLUMN channel text, ADD CHECK (channel IS NOT NULL) NOT VALID")
        assert figures.total()["failed"] > 0
        assert any("channel" in problem for problem in figures.problems)


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "the load does nothing"
        time.sleep(0.02)
