"""The rules: one hazard, one file. A new file here is registered by being here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from bgmigrate.lint.rule import Rule


def _rules() -> tuple[Rule, ...]:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(sorted((c() for c in _every(Rule) if c.code), key=lambda r: r.code))


def _every(kind: type[Rule]) -> Iterator[type[Rule]]:
    for c in kind.__subclasses__():
        yield c
        yield from _every(c)


RULES: tuple[Rule, ...] = _rules()
BY_CODE = {rule.code: rule for rule in RULES}
