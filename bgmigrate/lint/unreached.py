"""Operations that a run without a database did not come to: each call is tried by itself, in the module's own names."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from bgmigrate.lint.recorder import Recorder, Tape


def unreached(module: ModuleType, recorder: Recorder, tape: Tape) -> None:
    """Note the calls of `op.…` in upgrade() that were not run; those whose arguments are computed there stay unread."""
    try:
        tree = ast.parse(Path(tape.path).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return
    names = {n.asname or n.name for s in tree.body if isinstance(s, ast.ImportFrom) and s.module == "alembic" for n in s.names if n.name == "op"}
    for function in (s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name == "upgrade"):
        _block(function.body, dict(vars(module)) | dict.fromkeys(names, recorder), recorder, tape)


def _block(body: list[ast.stmt], names: dict[str, Any], recorder: Recorder, tape: Tape) -> None:
    for statement in body:
        with contextlib.ExitStack() as stack:
            if isinstance(statement, ast.With):
                for item in statement.items:
                    _enter(item, names, stack)
            elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                _call(statement.value, names, tape)
            elif isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
                with contextlib.suppress(Exception):
                    names[statement.targets[0].id] = _evaluated(statement.value, names)
            for nested in _nested(statement, names):
                _block(nested, names, recorder, tape)


def _nested(statement: ast.stmt, names: dict[str, Any]) -> Iterator[list[ast.stmt]]:
    """The blocks inside; of an `if` that can be decided, the one that is taken."""
    fields = ["body", "orelse", "finalbody"]
    if isinstance(statement, ast.If):
        with contextlib.suppress(Exception):
            fields = ["body"] if _evaluated(statement.test, names) else ["orelse"]
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return
    for field in fields:
        if inner := getattr(statement, field, None):
            yield inner


def _enter(item: ast.withitem, names: dict[str, Any], stack: contextlib.ExitStack) -> None:
    with contextlib.suppress(Exception):
        entered = stack.enter_context(_evaluated(item.context_expr, names))
        if isinstance(item.optional_vars, ast.Name):
            names[item.optional_vars.id] = entered


def _call(call: ast.Call, names: dict[str, Any], tape: Tape) -> None:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    lines = set(range(call.lineno, (call.end_lineno or call.lineno) + 1))
    if not isinstance(owner, ast.Name) or lines & tape.reached:
        return
    have = len(tape.statements)
    with contextlib.suppress(Exception, SystemExit):
        _evaluated(call, names)
    for position in range(have, len(tape.statements)):
        tape.place(position, call.lineno)


def _evaluated(node: ast.expr, names: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "<revision>", "eval"), names)
