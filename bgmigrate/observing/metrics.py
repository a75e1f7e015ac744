"""A backfill's figures for Prometheus: in a file for node_exporter's textfile collector, or on a port."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bgmigrate.errors import ConfigurationError
from bgmigrate.settings import Settings

EACH = 1.0  # seconds between two writes of the file


class Metrics:
    """Labels: service and table, and the throttle's name or the SQLSTATE; never a reason's figures, which would make a series each.

    `port`: where it listens, once a backfill has begun.
    """

    name = "the metrics"

    def __init__(self, service: str, *, file: Path | None = None, port: int | None = None, address: str = "127.0.0.1") -> None:
        self.service, self.file, self.port, self.address = service, file, port, address
        self._server: Any = None
        self._written = float("-inf")
        self._figures: _Figures | None = None
        self._throttle: dict[str, str] = {}  # by table, the one that was said last
        self._running: set[str] = set()

    @classmethod
    def configured(cls, settings: Settings) -> Metrics:
        """As the settings say. Raises ConfigurationError for a library that is missing and a file that cannot be written."""
        key = "metrics_file" if settings.expand.metrics_file else "metrics_port"
        if find_spec("prometheus_client") is None:
            raise ConfigurationError(
                f"expand.{key} is set, and prometheus-client is not installed", why="A backfill that nobody sees is not what was asked for.",
                next=f"pip install 'bgmigrate[prometheus]', or remove expand.{key}.",
            )
        file = settings.directory / settings.expand.metrics_file if settings.expand.metrics_file else None
        if file is not None and (file.suffix != ".prom" or not os.access(file.parent, os.W_OK)):
            wrong = "does not end in .prom" if file.suffix != ".prom" else "is in a directory that is missing or not ours to write"
            raise ConfigurationError(
                f"expand.metrics_file = {str(file)!r} {wrong}", why="node_exporter's textfile collector would never see it.",
                next='For example metrics_file = "/var/lib/node_exporter/textfile/bgmigrate.prom".',
            )
        return cls(settings.service, file=file, port=settings.expand.metrics_port, address=settings.expand.metrics_address)

    def event(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Count it. Raises ConfigurationError, at the first event, when the port cannot be had."""
        if self._figures is None:
            self._figures = _Figures()
            self._listen(self._figures)
        labels = self._labels(str(facts.get("table", "")))
        if kind == "batch":
            self._batch(self._figures, labels, facts)
        elif kind == "refused_row":
            self._figures.refused.labels(**labels).inc()
        elif kind == "retry":
            self._figures.retries.labels(**labels, sqlstate=str(facts.get("sqlstate") or "")).inc()
        elif kind == "throttled":
            self._throttled(self._figures, labels, str(facts.get("throttle") or "other"))
            self._figures.rate.labels(**labels).set(0)
        elif kind == "resumed":
            self._throttled(self._figures, labels, None)
        elif kind in ("backfill_done", "backfill_failed"):
            self._stands(self._figures, labels)
        if kind == "backfill_done":
            self._figures.share.labels(**labels).set(1)
            self._figures.eta.labels(**labels).set(0)
        self._write(self._figures, at_once=kind != "batch")

    def close(self) -> None:
        """Write the last figures, and stop listening."""
        if self._figures is not None:
            for table in sorted(self._running):  # the run was interrupted, or failed elsewhere
                self._stands(self._figures, self._labels(table))
            self._write(self._figures, at_once=True)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _labels(self, table: str) -> dict[str, str]:
        return {"service": self.service, "table": table}

    def _stands(self, figures: _Figures, labels: dict[str, str]) -> None:
        self._running.discard(labels["table"])
        self._throttled(figures, labels, None)
        figures.rate.labels(**labels).set(0)

    def _batch(self, figures: _Figures, labels: dict[str, str], facts: Mapping[str, Any]) -> None:
        self._running.add(labels["table"])
        figures.rows.labels(**labels).inc(facts["rows"])
        figures.batches.labels(**labels).inc()
        figures.seconds.labels(**labels).observe(facts["seconds"])
        for gauge, key in ((figures.rate, "rate"), (figures.share, "share"), (figures.eta, "eta")):
            if facts.get(key) is not None:
                gauge.labels(**labels).set(facts[key])

    def _throttled(self, figures: _Figures, labels: dict[str, str], throttle: str | None) -> None:
        before = self._throttle.pop(labels["table"], None)
        if before is not None:
            figures.throttled.labels(**labels, throttle=before).set(0)
        if throttle is not None:
            self._throttle[labels["table"]] = throttle
            figures.throttled.labels(**labels, throttle=throttle).set(1)

    def _listen(self, figures: _Figures) -> None:
        if self.port is None:
            return
        from prometheus_client import start_http_server

        try:
            self._server, _ = start_http_server(self.port, self.address, registry=figures.registry)
        except (OSError, OverflowError) as error:
            raise ConfigurationError(
                f"expand.metrics_port: {self.address}:{self.port} cannot be listened on: {error}", why="Nothing of the backfill has run yet.",
                next="Give this process another port: BGMIGRATE_EXPAND__METRICS_PORT=9465, or use expand.metrics_file.",
            ) from error
        self.port = self._server.server_port

    def _write(self, figures: _Figures, *, at_once: bool) -> None:
        if self.file is None or (not at_once and time.monotonic() - self._written < EACH):
            return
        from prometheus_client import write_to_textfile

        self._written = time.monotonic()
        write_to_textfile(str(self.file), figures.registry)


class _Figures:
    """A registry of our own: the application's default one, when we run inside of it, is none of our business."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        names = ("service", "table")
        kind: dict[str, Any] = {"namespace": "bgmigrate", "subsystem": "backfill", "registry": self.registry}
        self.rows = Counter("rows", "Rows written.", names, **kind)
        self.batches = Counter("batches", "Batches run.", names, **kind)
        self.refused = Counter("refused_rows", "Rows that the database refused.", names, **kind)
        self.retries = Counter("retries", "Batches tried again.", (*names, "sqlstate"), **kind)
        self.seconds = Histogram("batch_seconds", "How long batches held their rows.", names, buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 1, 5), **kind)
        self.rate = Gauge("rows_per_second", "How fast it is.", names, **kind)
        self.share = Gauge("share", "How much of the table has been visited, 0 to 1.", names, **kind)
        self.eta = Gauge("eta_seconds", "How long it will take at this rate.", names, **kind)
        self.throttled = Gauge("throttled", "1 while this throttle makes it wait.", (*names, "throttle"), **kind)
