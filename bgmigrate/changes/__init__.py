"""The open set of changes: one kind, one file. A new file here is registered by being here."""

from __future__ import annotations

import importlib
import pkgutil

from bgmigrate.changes.base import Change, Page, Planned, Stage
from bgmigrate.changes.difference import Difference, Differences


def _kinds() -> tuple[type[Change], ...]:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(sorted((c for c in Change.__subclasses__() if c.kind), key=lambda c: (c.rank, c.kind)))


KINDS: tuple[type[Change], ...] = _kinds()

__all__ = ["KINDS", "Change", "Difference", "Differences", "Page", "Planned", "Stage"]
