"""One file for each case; every module here with a `CASE` is run."""

from __future__ import annotations

import importlib
import pkgutil

from tests.lifecycle.case import Case


def every() -> list[Case]:
    """All cases, by name."""
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return sorted((m.CASE for m in modules), key=lambda case: case.id)
