"""Loops over rows, which a run without a database never enters, as a revision's text shows them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_READS = {"execute", "exec_driver_sql", "fetchall", "fetchmany", "scalars", "mappings", "all", "query", "stream"}
_WRITES = {"execute", "exec_driver_sql"}
_UPDATES = re.compile(r"\bupdate\b", re.IGNORECASE)
_COMPARES = re.compile(r"is\s+not\s+distinct\s+from|is_not_distinct_from", re.IGNORECASE)


def loops(source: str) -> Iterator[int]:
    """The lines of the loops that update what they read, without comparing."""
    if "for " not in source or "execute" not in source or not _UPDATES.search(source):
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name != "downgrade"):
        assigned = [n for n in ast.walk(function) if isinstance(n, ast.Assign) and _calls(n.value, _READS)]
        read = {t.id for n in assigned for t in n.targets if isinstance(t, ast.Name)}
        for loop in (n for n in ast.walk(function) if isinstance(n, ast.For)):
            over = _calls(loop.iter, _READS) or any(isinstance(n, ast.Name) and n.id in read for n in ast.walk(loop.iter))
            written = [ast.unparse(n) for s in loop.body for n in ast.walk(s) if isinstance(n, ast.Call) and _named(n) in _WRITES]
            if over and any(_UPDATES.search(w) and not _COMPARES.search(w) for w in written):
                yield loop.lineno


def _calls(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(n, ast.Call) and _named(n) in names for n in ast.walk(node))


def _named(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
