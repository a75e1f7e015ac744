"""The transforms that a revision will call, read from its file: tried before its first operation changes anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.operations import Operations

ARGUMENTS = ("table", "missing", "follow", "tolerate", "transform", "reads", "writes")


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """One `op.backfill(…, transform=…)`."""

    table: str
    transform: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


def file_of(operations: Operations, revision: str) -> Path | None:
    """The revision's file; None where Alembic runs without one."""
    script = operations.get_context().script
    found = script.get_revision(revision) if script is not None else None
    return Path(found.path) if found is not None else None


def transforms(path: Path) -> Iterator[Foreseen]:
    """Those whose arguments are written out in `upgrade()`; others are tried when they are called."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    upgrades = [f for f in tree.body if isinstance(f, ast.FunctionDef) and f.name == "upgrade"]
    for node in (n for f in upgrades for n in ast.walk(f)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "backfill":
            said: dict[str, Any] = dict(zip(ARGUMENTS, node.args, strict=False)) | {k.arg: k.value for k in node.keywords if k.arg}
            try:
                table, transform, reads, writes = (
                    ast.literal_eval(said[name]) if name in said else () for name in ("table", "transform", "reads", "writes")
                )
            except ValueError:
                continue
            if table and transform:
                yield Foreseen(table=table, transform=transform, reads=tuple(reads), writes=tuple(writes))
