"""The process of one version: imports its models and runs what it is sent (bgmigrate/versions/inside), and nothing else.

Started as `python -I agent.py READ WRITE` under the version's own interpreter: Python 3.8 or newer, the standard library and
SQLAlchemy 1.4 or newer, no bgmigrate and no Alembic. One JSON object a line comes in on descriptor READ and one goes out on
WRITE for each; whatever the application prints goes to stderr. Nothing here connects anywhere until a probe is asked for.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import importlib.util
import os
import signal
import sys
import traceback
import warnings
from json import JSONDecoder, JSONEncoder
from typing import Any, Callable, Dict, List, Tuple

DRIVERS = ("psycopg", "psycopg2", "asyncpg", "pg8000")
# Made before the application is imported, whatever it makes of that module; json.loads() would look up there what it needs.
loads, dumps, dumps_sorted = JSONDecoder().decode, JSONEncoder(default=str).encode, JSONEncoder(default=str, sort_keys=True).encode


class Version:
    """The models of the version that this process has loaded."""

    def __init__(self) -> None:
        self.metadatas: List[Any] = []
        self.models: List[str] = []
        self._tables: List[Any] = []

    def load(self, paths: List[str], models: List[str]) -> Dict[str, Any]:
        """Import the modules, find every MetaData that they name, and configure the mappers."""
        sys.path[:0] = paths
        found: List[Any] = []
        for entry in models:
            module, _, attribute = entry.partition(":")
            value = importlib.import_module(module)
            for part in filter(None, attribute.split(".")):
                value = getattr(value, part)
            if attribute:
                found.extend(metadatas(value, entry))
        if not found:
            raise LookupError("none of %s names a declarative base, registry or MetaData (module:attribute)" % ", ".join(models))
        self.metadatas = list({id(m): m for m in found}.values())
        self.models, self._tables = models, []
        from sqlalchemy.orm import configure_mappers

        configure_mappers()
        warnings.resetwarnings()
        warnings.simplefilter("ignore")  # where the application makes errors of them, it means those of its own code and not of the probes
        return {"sqlalchemy": sqlalchemy_version()}

    def tables(self) -> List[Any]:
        """Every table, parents before children where foreign keys allow it."""
        self._tables = self._tables or [t for m in self.metadatas for t in m.sorted_tables]
        return self._tables

    def mappers(self) -> List[Any]:
        """Every mapper of these tables, in a fixed order."""
        from sqlalchemy.orm import mapperlib

        tables = set(self.tables())
        registries = mapperlib._all_registries()  # the only list of them all: a MetaData does not know who maps its tables
        mine = [m for r in registries for m in r.mappers if m.local_table in tables and not getattr(m, "non_primary", False)]
        return sorted(mine, key=lambda m: class_name(m.class_))


def metadatas(value: Any, entry: str) -> List[Any]:
    """The MetaData behind a declarative base, a registry, a MetaData, or a list of such."""
    from sqlalchemy import MetaData

    if isinstance(value, (list, tuple, set, frozenset)):
        return [m for v in value for m in metadatas(v, entry)]
    metadata = value if isinstance(value, MetaData) else getattr(value, "metadata", None)
    if not isinstance(metadata, MetaData):
        raise TypeError("%s is %r, which is no declarative base, registry or MetaData" % (entry, type(value).__name__))
    return [metadata]


def sqlalchemy_version() -> str:
    """The version's own SQLAlchemy."""
    import sqlalchemy

    return sqlalchemy.__version__


def class_name(cls: type) -> str:
    """`module.Class`."""
    return "%s.%s" % (cls.__module__, cls.__qualname__)


def table_key(table: Any) -> str:
    """`users`, or `schema.users` outside of public."""
    return str(table.name) if table.schema in (None, "public") else "%s.%s" % (table.schema, table.name)


def drivers() -> List[str]:
    """The PostgreSQL drivers that are installed here and that this SQLAlchemy can use."""
    modern = int(sqlalchemy_version().split(".")[0]) >= 2
    usable = {"psycopg": modern, "asyncpg": bool(importlib.util.find_spec("greenlet"))}
    return [d for d in DRIVERS if importlib.util.find_spec(d) and usable.get(d, True)]


def failure(error: BaseException) -> Dict[str, Any]:
    """An error as it travels: what it says, and the whole traceback without our own frames."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    said = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()
    if isinstance(error, SyntaxError):
        said = said[-1:]  # it shows its place before it says what it is
    words = " ".join(" ".join(s for s in said if not s.startswith("(Background on this error")).split())  # SQLAlchemy's link
    return {"error": words or repr(error), "kind": type(error).__name__, "traceback": "".join(lines)}


def extend(sources: List[Tuple[str, str]]) -> None:
    """Take in more code (bgmigrate/versions/inside); it adds its own commands, shares this file's names and those of what came before."""
    for name, value in globals().items():
        INSIDE.setdefault(name, value)
    for name, source in sources:
        exec(compile(source, name, "exec"), INSIDE)


VERSION = Version()
INSIDE: Dict[str, Any] = {"__name__": "bgmigrate_inside"}
COMMANDS: Dict[str, Callable[..., Any]] = {"load": VERSION.load, "snapshot": lambda: INSIDE["snapshot"](VERSION), "extend": extend}


def serve(read: int, write: int) -> None:
    """Answer requests until the other end closes."""
    gc.set_threshold(100_000)  # models are half a million objects that stay: looking through them for garbage takes a third of the time
    mine = os.getpid()
    with os.fdopen(read, encoding="utf-8") as requests, os.fdopen(write, "w", encoding="utf-8") as answers:
        for line in requests:
            request = loads(line)
            try:
                answer = {"result": COMMANDS[request["command"]](**request.get("arguments", {}))}
            except (Exception, SystemExit) as error:  # an application may call sys.exit() when imported
                answer = failure(error)
            if os.getpid() != mine:
                os._exit(0)  # the application has forked: it is the parent that answers
            answers.write(dumps(answer) + "\n")
            answers.flush()


if __name__ == "__main__":
    os.dup2(2, 1)  # what the application prints is not an answer
    faulthandler.register(signal.SIGUSR2, all_threads=False)  # how it is asked where an import hangs
    serve(int(sys.argv[1]), int(sys.argv[2]))
