"""A backfill's figures for Prometheus: a file that is always whole, a port, few series; and what is wrong is said before anything runs."""

from __future__ import annotations

import socket
import urllib.request
from pathlib import Path

import pytest

from bgmigrate.errors import ConfigurationError
from bgmigrate.observing import listeners
from bgmigrate.observing.metrics import Metrics
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings, Settings
from tests.unit.observing.test_json_lines import BATCH

LABELS = 'service="shop",table="public.users"'


def settings(directory: Path, **expand: object) -> Settings:
    """Settings of a service."""
    return Settings(directory=directory, service="shop", expand=ExpandSettings(**expand))  # type: ignore[arg-type]


def figures(text: str) -> dict[str, float]:
    """Series and their values."""
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))}


def test_the_file_has_what_a_dashboard_wants(tmp_path: Path) -> None:
    progress = Progress(listeners=listeners(settings(tmp_path, metrics_file="bgmigrate.prom"), json_lines=False))
    file = tmp_path / "bgmigrate.prom"

    def now() -> dict[str, float]:
        return {k.removeprefix("bgmigrate_backfill_"): v for k, v in figures(file.read_text()).items()}

    progress.event("backfill_started", backfill=1, table="public.users", columns=["name"], upper=["9"])
    progress.event("batch", **BATCH)
    progress.event("batch", **BATCH)
    progress.event("retry", table="public.users", sqlstate="40P01", error="deadlock")
    progress.event("refused_row", table="public.users", key=["7"], error="no")
    progress.event("throttled", table="public.users", reason="standby reader is 31.4 s behind", throttle="replica_lag")
    found = now()
    assert (found[f"rows_total{{{LABELS}}}"], found[f"batches_total{{{LABELS}}}"], found[f"share{{{LABELS}}}"]) == (200, 2, 0.5)
    assert (found[f"eta_seconds{{{LABELS}}}"], found[f"rows_per_second{{{LABELS}}}"], found[f"refused_rows_total{{{LABELS}}}"]) == (1.5, 0, 1)
    assert found[f"batch_seconds_count{{{LABELS}}}"] == 2
    assert found['retries_total{service="shop",sqlstate="40P01",table="public.users"}'] == 1
    assert found['throttled{service="shop",table="public.users",throttle="replica_lag"}'] == 1
    progress.event("throttled", table="public.users", reason="slot x keeps 2 GB", throttle="slot_backlog")
    found = now()
    assert [found[f'throttled{{{LABELS},throttle="{t}"}}'] for t in ("replica_lag", "slot_backlog")] == [0, 1]
    progress.event("resumed", table="public.users")
    progress.event("batch", **BATCH)
    progress.close()
    found = now()
    assert [found[f'throttled{{{LABELS},throttle="{t}"}}'] for t in ("replica_lag", "slot_backlog")] == [0, 0]
    assert (found[f"rows_total{{{LABELS}}}"], found[f"rows_per_second{{{LABELS}}}"]) == (300, 0)  # the last batch, though within the second; and it stands
    assert [p.name for p in tmp_path.iterdir()] == ["bgmigrate.prom"]


def test_the_port_answers_while_the_command_runs(tmp_path: Path) -> None:
    metrics = Metrics("shop", port=0)
    progress = Progress(listeners=[metrics])
    progress.event("batch", **BATCH)
    url = f"http://127.0.0.1:{metrics.port}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert figures(answer.read().decode())[f"bgmigrate_backfill_rows_total{{{LABELS}}}"] == 100
    progress.close()
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=5)


def test_a_port_that_is_taken_is_the_configurations_fault(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        progress = Progress(listeners=[Metrics("shop", port=taken.getsockname()[1])])
        with pytest.raises(ConfigurationError, match="cannot be listened on"):
            progress.event("backfill_started", table="public.users")


@pytest.mark.parametrize(("file", "wrong"), [("bgmigrate.txt", "does not end in .prom"), ("nowhere/bgmigrate.prom", "a directory that is missing")])
def test_a_file_that_nobody_would_collect_is_refused(tmp_path: Path, file: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=wrong):
        listeners(settings(tmp_path, metrics_file=file), json_lines=False)


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bgmigrate.observing.metrics.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="prometheus-client is not installed") as refused:
        listeners(settings(tmp_path, metrics_port=9464), json_lines=False)
    assert "bgmigrate[prometheus]" in refused.value.next


def test_a_disk_that_fails_stops_the_metrics_and_not_the_backfill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "textfile"
    directory.mkdir()
    progress = Progress(listeners=[Metrics("shop", file=directory / "bgmigrate.prom")])
    progress.event("batch", **BATCH)
    (directory / "bgmigrate.prom").unlink()
    directory.rmdir()
    progress.event("resumed", table="public.users")
    progress.event("resumed", table="public.users")
    assert capsys.readouterr().err.startswith("  the metrics end here: FileNotFoundError: ")
    assert capsys.readouterr().err == ""
