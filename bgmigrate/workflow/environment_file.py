"""What env.py does that would hurt, read from its text: running it could do anything."""

from __future__ import annotations

import ast

_STATEMENTS = ("execute", "exec_driver_sql", "scalar", "scalars")


def statements_before_configure(text: str) -> list[tuple[int, str]]:
    """The calls of `.execute()`, `.scalar()` and their like that stand before `.configure()` in the same function, with their lines."""
    found: list[tuple[int, str]] = []
    tree = ast.parse(text)
    scopes: list[ast.AST] = [tree, *(n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)))]
    for scope in scopes:
        calls = sorted(_calls(scope), key=lambda c: (c.lineno, c.col_offset))
        configured = next((c.lineno for c in calls if _name(c) == "configure"), None)
        if configured is not None:
            found += [(c.lineno, ast.unparse(c)) for c in calls if c.lineno < configured and _name(c) in _STATEMENTS]
    return found


def _calls(scope: ast.AST) -> list[ast.Call]:
    """The calls in a scope, but not in the functions inside it."""
    out: list[ast.Call] = []
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.Call):
            out.append(child)
        out += _calls(child)
    return out


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
