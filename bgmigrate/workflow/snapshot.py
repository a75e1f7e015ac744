"""Write a version's portable description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.versions.load import snapshot_of, working_tree
from bgmigrate.workflow.models import with_default_models
from bgmigrate.workflow.register import deployed_snapshot
from bgmigrate.workflow.report import Report


def snapshot(settings: Settings, *, spec: str | None = None, output: Path | None = None, progress: Progress | None = None) -> Report:
    """Describe the version that SPEC names (default: the working tree), in a file or on stdout.

    Raises ConfigurationError when it cannot be loaded, OSError when the file cannot be written.
    """
    settings = with_default_models(settings, spec)
    found = snapshot_of(settings, spec, deployed=lambda: deployed_snapshot(settings, None))
    text = json.dumps(found.as_json(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    content: dict[str, Any]
    if output:
        output.write_text(text, encoding="utf-8")
        content, lines = {"path": str(output)}, (f"{spec or working_tree(settings)}: {len(found.tables)} tables, written to {output}",)
    else:
        content, lines = {"snapshot": found.as_json()}, (text.rstrip(),)
    return Report(command="snapshot", outcome="done", service=settings.service, fingerprint=found.fingerprint, extra=content, lines=lines)
