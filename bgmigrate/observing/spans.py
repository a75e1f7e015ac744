"""A backfill as an OpenTelemetry trace: a span for it, child spans for what was written in a second, events for what went wrong."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bgmigrate.observing.slices import Slices

if TYPE_CHECKING:
    from opentelemetry.trace import Span


class Spans:
    """A span a batch would be a hundred thousand of them in one trace: a child span sums up a second's batches.

    Without a provider configured (the SDK's, by `opentelemetry-instrument` or the application) spans go nowhere. Imported at the first event.
    """

    name = "the OpenTelemetry spans"

    def __init__(self, service: str) -> None:
        self.service = service
        self._spans: dict[str, Span] = {}  # by table
        self._slices = Slices()

    def event(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Begin, fill or end a span."""
        table = str(facts.get("table", ""))
        if kind == "backfill_started":
            self._end(table, error="begun again")
            self._spans[table] = self._tracer().start_span("bgmigrate.backfill", attributes=self._attributes(facts))
            return
        span = self._spans.get(table)
        if span is None:
            return
        if kind == "batch":
            self._batches(span, self._slices.add(facts))
        elif kind == "backfill_done":
            span.set_attributes(self._attributes(facts))
            self._end(table)
        elif kind == "backfill_failed":
            self._failed(span, facts.get("error"))
            self._end(table, error=str(facts.get("error", "")))
        else:
            span.add_event(kind, self._attributes(facts))

    def close(self) -> None:
        """End what was left open: the run was interrupted, or failed elsewhere."""
        for table in list(self._spans):
            self._end(table, error="the run ended before the backfill")

    def _batches(self, parent: Span, done: tuple[float, dict[str, Any]] | None) -> None:
        if done is None:
            return
        from opentelemetry import trace

        began, facts = done
        child = self._tracer().start_span(
            "bgmigrate.backfill.batches", context=trace.set_span_in_context(parent), start_time=int(began * 1e9), attributes=self._attributes(facts),
        )
        child.end(time.time_ns())

    def _failed(self, span: Span, error: object) -> None:
        if isinstance(error, BaseException):
            span.record_exception(error)
        else:
            span.add_event("exception", {"exception.message": str(error)})

    def _end(self, table: str, error: str | None = None) -> None:
        if (span := self._spans.pop(table, None)) is None:
            return
        self._batches(span, self._slices.flush(table))
        if error is not None:
            from opentelemetry.trace import Status, StatusCode

            span.set_status(Status(StatusCode.ERROR, error))
        span.end()

    def _tracer(self) -> Any:
        from opentelemetry import trace

        return trace.get_tracer("bgmigrate")

    def _attributes(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """As OpenTelemetry takes them: names of its conventions where there are any, sequences of texts."""
        named = {"db.system.name": "postgresql", "bgmigrate.service": self.service}
        if "table" in facts:
            named["db.collection.name"] = str(facts["table"])
        return named | {f"bgmigrate.{k}": _plain(v) for k, v in facts.items() if v is not None and k != "table"}


def _plain(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [str(v) for v in value]
    return value if isinstance(value, (bool, int, float, str)) else str(value)
