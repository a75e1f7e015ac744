"""A backfill is a trace: a span, children for its seconds, events for what went wrong; without OpenTelemetry nothing is even imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from bgmigrate.observing import listeners
from bgmigrate.observing.spans import Spans
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from tests.unit.observing.test_json_lines import BATCH


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What spans end up in."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def run(*events: tuple[str, dict[str, object]]) -> None:
    """A backfill's events, begun and closed."""
    progress = Progress(-1, listeners=[Spans("shop")])
    progress.event("backfill_started", backfill=1, table="public.users", columns=["name"], upper=["9"])
    for kind, facts in events:
        progress.event(kind, table="public.users", **facts)
    progress.close()


def split(exporter: InMemorySpanExporter) -> tuple[ReadableSpan, list[ReadableSpan]]:
    """The backfill's span and its children."""
    spans = exporter.get_finished_spans()
    (parent,) = [s for s in spans if s.name == "bgmigrate.backfill"]
    return parent, [s for s in spans if s.name == "bgmigrate.backfill.batches"]


def test_a_span_for_the_backfill_and_children_for_its_seconds(exported: InMemorySpanExporter) -> None:
    batch = {k: v for k, v in BATCH.items() if k != "table"}
    run(*[("batch", batch)] * 5, ("retry", {"sqlstate": "40P01", "error": "deadlock"}), ("backfill_done", {"rows": 500, "seconds": 0.2}))
    parent, children = split(exported)
    assert parent.status.status_code is StatusCode.UNSET
    assert parent.attributes is not None
    assert parent.attributes["db.collection.name"] == "public.users"
    assert (parent.attributes["bgmigrate.rows"], parent.attributes["bgmigrate.columns"]) == (500, ("name",))
    assert [(e.name, dict(e.attributes or {})["bgmigrate.sqlstate"]) for e in parent.events] == [("retry", "40P01")]
    assert [dict(c.attributes or {})["bgmigrate.batches"] for c in children] == [1, 4]
    assert sum(int(str(dict(c.attributes or {})["bgmigrate.rows"])) for c in children) == 500
    for child in children:
        assert child.parent is not None and parent.context is not None and child.parent.span_id == parent.context.span_id
        assert child.end_time is not None and child.start_time is not None and child.end_time > child.start_time


def test_a_failure_is_recorded_with_its_exception(exported: InMemorySpanExporter) -> None:
    run(("backfill_failed", {"error": ValueError("no such thing")}))
    parent, _ = split(exported)
    assert (parent.status.status_code, parent.status.description) == (StatusCode.ERROR, "no such thing")
    assert dict(parent.events[0].attributes or {})["exception.type"] == "ValueError"


def test_an_interrupted_run_leaves_no_span_open(exported: InMemorySpanExporter) -> None:
    run()
    assert split(exported)[0].status.status_code is StatusCode.ERROR


def test_where_opentelemetry_is_not_installed_nothing_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bgmigrate.observing.chosen.find_spec", lambda name: None)
    assert listeners(Settings(directory=tmp_path), json_lines=False) == []


def test_where_it_is_it_costs_nothing_until_a_backfill_begins(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from bgmigrate.observing import listeners; from bgmigrate.settings import Settings\n"
        f"found = listeners(Settings(directory=Path({str(tmp_path)!r})), json_lines=True)\n"
        "print(len(found), [m for m in sys.modules if m.startswith(('opentelemetry.trace', 'prometheus_client'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "2 []\n", done.stderr
