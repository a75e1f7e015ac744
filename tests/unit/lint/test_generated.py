"""What `plan` writes is beyond reproach: every revision that the documentation shows, in its own phase."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from bgmigrate.lint.known import Known
from bgmigrate.lint.statement import Phase
from tests.unit.lint.reading import found

PAGES = Path(__file__).resolve().parents[3] / "docs/changes"
REVISION = re.compile(r"`migrations/(expand|contract)/[^`\n]+\.py`\n\n```python\n(.*?)```\n", re.DOTALL)


def _shown() -> Iterator[tuple[str, str, str]]:
    for page in sorted(PAGES.glob("*.md")):
        for number, (phase, text) in enumerate(REVISION.findall(page.read_text(encoding="utf-8"))):
            yield f"{page.stem}-{phase}-{number}", phase, text


@pytest.mark.parametrize("phase,text", [pytest.param(phase, text, id=name) for name, phase, text in _shown()])
def test_a_generated_revision_gives_no_finding(phase: str, text: str, tmp_path: Path) -> None:
    assert [f"{f.code} {f.line} {f.what}" for f in found(tmp_path, text, phase=cast(Phase, phase), known=Known())] == []


def test_there_are_revisions_of_both_phases() -> None:
    assert {phase for _, phase, _ in _shown()} == {"expand", "contract"}
