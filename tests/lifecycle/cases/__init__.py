"""One file for each case; every module here with a `CASE`, or several `CASES`, is run."""

from __future__ import annotations

import importlib
import pkgutil

from tests.lifecycle.case import Case


def every() -> list[Case]:
    """All cases, by name."""
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return sorted((case for m in modules for case in (m.CASES if hasattr(m, "CASES") else (m.CASE,))), key=lambda case: case.id)
