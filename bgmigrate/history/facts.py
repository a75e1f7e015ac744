"""What env.py knows of the application: which models, and what of a schema is Alembic's business."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sqlalchemy import MetaData, Table


@dataclass(frozen=True, kw_only=True)
class EnvironmentFacts:
    """`target_metadata_spec`: the models as `module:attribute`, modules that must be imported first before it; None when env.py names none."""

    target_metadata_spec: str | None
    include_name: Callable[..., bool] | None
    include_object: Callable[..., bool] | None
    version_table: str
    version_table_schema: str | None


def spec_of(target: MetaData | Iterable[MetaData] | None) -> str | None:
    """Where another process finds these models: the modules that define their classes, then the attribute that holds the metadata."""
    every = [target] if isinstance(target, MetaData) else list(target or ())
    modules = {n: m for n, m in sorted(sys.modules.items()) if isinstance(m, ModuleType) and _of_the_application(n)}
    first: list[str] = []
    found: list[str] = []
    for metadata in every:
        attribute = _attribute(metadata, modules)
        if attribute is None:
            return None
        found.append(attribute)
        first += [n for n, m in modules.items() if _defines(m, metadata) and n != attribute.partition(":")[0]]
    return ",".join(dict.fromkeys([*first, *found])) or None


def _attribute(metadata: MetaData, modules: dict[str, ModuleType]) -> str | None:
    """A declarative base in the module that defines it; else the metadata itself under any name."""
    named = [(module, name, value) for module, m in modules.items() for name, value in list(vars(m).items()) if not name.startswith("__")]
    for module, name, value in named:
        if isinstance(value, type) and value.__module__ == module and vars(value).get("metadata") is metadata and not hasattr(value, "__table__"):
            return f"{module}:{name}"
    for module, name, value in named:
        if value is metadata:
            return f"{module}:{name}"
    for module, name, value in named:  # a legacy base made by a call, or Flask's `db`
        if not isinstance(value, (ModuleType, Table)) and not hasattr(value, "__table__") and _metadata_of(value) is metadata:
            return f"{module}:{name}"
    return None


def _metadata_of(value: Any) -> Any:
    try:
        return getattr(value, "metadata", None)
    except Exception:  # an application's lazy object (a settings proxy, a local) may raise anything when touched
        return None


def _defines(module: ModuleType, metadata: MetaData) -> bool:
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == module.__name__ and getattr(vars(value).get("__table__"), "metadata", None) is metadata:
            return True
        if isinstance(value, Table) and value.metadata is metadata:
            return True
    return False


def _of_the_application(module: str) -> bool:
    return module.partition(".")[0] not in ("env_py", "alembic", "sqlalchemy", "bgmigrate", "__main__", "__mp_main__")
