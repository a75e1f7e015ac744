"""The two anchors: empty revisions on top of today's history, at which the expand and the contract branch begin."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bgmigrate.history.project import Branch
from bgmigrate.history.revision_file import revision_text

BRANCHES: tuple[Branch, ...] = ("expand", "contract")


@dataclass(frozen=True, kw_only=True)
class NewRevision:
    """A revision file to be written."""

    phase: str
    revision: str
    path: Path
    text: str


def anchors(service: str, location: Path, heads: Sequence[str], versions: Path) -> list[NewRevision]:
    """The revisions that adopt a history with these heads; several heads are merged first, so that each anchor has one parent.

    Two revisions that each merge the same heads would make Alembic's downgrade ambiguous.
    """
    out: list[NewRevision] = []
    below: str | None = heads[0] if len(heads) == 1 else None
    if len(heads) > 1:
        below = identifier("merge", heads)
        text = revision_text(message="Merge today's heads, for the expand and contract branches begin at one revision.", revision=below,
                             down_revision=tuple(sorted(heads)))
        out.append(NewRevision(phase="merge", revision=below, path=versions / f"{below}_merge_heads.py", text=text))
    for branch in BRANCHES:
        revision = identifier(branch, [below] if below else ["service", service])
        text = revision_text(message=_MEANS[branch], revision=revision, down_revision=below, branch_label=branch)
        out.append(NewRevision(phase=branch, revision=revision, path=location / branch / f"{revision}_{branch}_begins.py", text=text))
    return out


def identifier(what: str, of: Sequence[str]) -> str:
    """A revision id as Alembic makes them, the same for the same history: two people who adopt it get the same files."""
    return hashlib.sha256("\n".join(["bgmigrate", what, *sorted(of)]).encode()).hexdigest()[:12]


_MEANS = {
    "expand": "Here the expand branch begins: additive steps, after which the version before and the version after both run.",
    "contract": "Here the contract branch begins: the later steps, which only the version after can live with.",
}
