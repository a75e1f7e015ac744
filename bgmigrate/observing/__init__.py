"""Who listens to what a backfill tells of itself: lines of JSON, Prometheus, OpenTelemetry; one a file."""

from bgmigrate.observing.chosen import listeners

__all__ = ["listeners"]
