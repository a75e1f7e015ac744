"""Blue/green schema changes for SQLAlchemy services on PostgreSQL.

Every command is a function of the same name: `bgmigrate.expand(bgmigrate.load())` does what `bgmigrate expand` does and returns its
report. They are imported when first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bgmigrate.serving.serve import serve as serve
    from bgmigrate.settings import load as load
    from bgmigrate.workflow.backfill import backfill as backfill
    from bgmigrate.workflow.contract import contract as contract
    from bgmigrate.workflow.demo import demo as demo
    from bgmigrate.workflow.doctor import doctor as doctor
    from bgmigrate.workflow.expand import expand as expand
    from bgmigrate.workflow.init import init as init
    from bgmigrate.workflow.lint import explain as explain
    from bgmigrate.workflow.lint import lint as lint
    from bgmigrate.workflow.matrix import matrix as matrix
    from bgmigrate.workflow.merge import merge as merge
    from bgmigrate.workflow.page import report as report
    from bgmigrate.workflow.plan import plan as plan
    from bgmigrate.workflow.register import register as register
    from bgmigrate.workflow.rehearse import rehearse as rehearse
    from bgmigrate.workflow.rollback import rollback as rollback
    from bgmigrate.workflow.route import route as route
    from bgmigrate.workflow.snapshot import snapshot as snapshot
    from bgmigrate.workflow.status import status as status
    from bgmigrate.workflow.switch import switch as switch
    from bgmigrate.workflow.verify import verify as verify

__version__ = "0.1.0"

_COMMANDS = frozenset(
    ("init", "register", "snapshot", "plan", "expand", "backfill", "verify", "switch", "contract", "rollback", "status", "report", "doctor", "demo",
     "merge", "lint", "explain", "rehearse", "serve", "matrix", "route")
)
# where a command's module has another name (`workflow.report` is what every command returns), or stands elsewhere
_MODULES = {"report": "workflow.page", "explain": "workflow.lint", "serve": "serving.serve"}


def __getattr__(name: str) -> Any:
    if name == "load":
        return import_module("bgmigrate.settings").load
    if name in _COMMANDS:
        return getattr(import_module(f"bgmigrate.{_MODULES.get(name, f'workflow.{name}')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Package(ModuleType):
    """Keeps `bgmigrate.verify` the command although there is a package of that name, which importing would bind here."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _COMMANDS or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
