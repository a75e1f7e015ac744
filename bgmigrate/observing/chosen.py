"""Which listeners a command has."""

from __future__ import annotations

from importlib.util import find_spec

from bgmigrate.observing.json_lines import JsonLines
from bgmigrate.observing.listener import Listener
from bgmigrate.settings import Settings


def listeners(settings: Settings, *, json_lines: bool) -> list[Listener]:
    """Those that the settings ask for, and what this installation has. `json_lines`: events on stderr, for `--json`.

    Raises ConfigurationError when metrics are wanted and cannot be had. What a listener needs is imported by its first event.
    """
    found: list[Listener] = [JsonLines(settings.service)] if json_lines else []
    if settings.expand.metrics_file or settings.expand.metrics_port is not None:
        from bgmigrate.observing.metrics import Metrics

        found.append(Metrics.configured(settings))
    if find_spec("opentelemetry") is not None:
        from bgmigrate.observing.spans import Spans

        found.append(Spans(settings.service))
    return found
