"""With --json a backfill's events are lines of JSON on stderr: every one, but of batches one a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bgmigrate.cli import main
from bgmigrate.observing import slices
from bgmigrate.observing.json_lines import JsonLines
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report

BATCH: dict[str, Any] = {"backfill": 1, "table": "public.users", "rows": 100, "hot": 80, "seconds": 0.01, "size": 100, "share": 0.5, "rate": 9000.0, "eta": 1.5}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was written, parsed."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_event_is_a_line_and_what_it_tells_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(listeners=[JsonLines("shop")])
    progress.event("throttled", table="public.users", reason="standby reader is 31 s behind", throttle="replica_lag")
    progress.event("refused_row", table="public.users", key=["7"], error=ValueError("no"))
    first, second = lines(capsys)
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "schema": "bgmigrate/1", "event": "throttled", "service": "shop", "table": "public.users", "reason": "standby reader is 31 s behind",
        "throttle": "replica_lag",
    }
    assert (second["event"], second["key"], second["error"]) == ("refused_row", ["7"], "no")


def test_batches_are_summed_up_and_none_is_left_out(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    listener = JsonLines("shop")
    listener._slices = slices.Slices(clock=lambda: now[0])
    progress = Progress(listeners=[listener])
    for n in range(25):
        now[0] = n * 0.1
        progress.event("batch", **BATCH, worker=f"host/1/{n % 2}")
    progress.event("backfill_done", backfill=1, table="public.users", rows=2500)
    written = lines(capsys)
    assert [line["event"] for line in written] == ["batch"] * 4 + ["backfill_done"]
    assert [line["batches"] for line in written[:4]] == [1, 10, 10, 4]
    assert sum(line["rows"] for line in written[:4]) == 2500
    assert written[1]["seconds"] == pytest.approx(0.1)
    assert (written[1]["hot"], written[1]["workers"], written[1]["share"], written[1]["eta"]) == (800, 2, 0.5, 1.5)


def test_what_is_unknown_of_one_batch_is_unknown_of_the_second(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(listeners=[JsonLines("shop")])
    for hot in (1, 2, None, 3):
        progress.event("batch", **(BATCH | {"hot": hot}))
    progress.close()
    assert [line["hot"] for line in lines(capsys)] == [1, None]


def test_the_command_lines_json_brings_events_and_no_bars(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def status(settings: Settings, *, progress: Progress) -> Report:
        progress.step("a step")
        progress.advance("backfill public.users", 100, 0.5, 10.0)
        progress.event("batch", **BATCH)
        progress.event("batch", **BATCH)
        return Report(command="status", service="shop", outcome="done")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bgmigrate.workflow.status.status", status)

    def said(*flags: str) -> tuple[str, list[str]]:
        monkeypatch.setattr("sys.argv", ["bgmigrate", "status", *flags])
        with pytest.raises(SystemExit):
            main()
        out, err = capsys.readouterr()
        return out, err.splitlines()

    out, err = said("--json")
    assert json.loads(out)["command"] == "status"
    assert err[0] == "a step"
    assert [json.loads(line)["batches"] for line in err[1:]] == [1, 1]  # the second when the command ended
    assert said("--json", "-q")[1] == []
    assert said()[1] == ["a step", "  backfill public.users: 100 rows, 50%, 10 rows/s, about 10 s left"]
