"""A row's new values made by a function in Python, for what SQL cannot say: its name, what it reads and writes, and the shape of its answer."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bgmigrate.errors import Refused

Row = Mapping[str, Any]
Made = Mapping[str, Any] | None
Function = Callable[[Sequence[Row]], Sequence[Made]]


class TransformFailed(Exception):
    """The function raised: at the sight of one row, most likely, which is looked for."""


def refused(what: str, why: str, next: str) -> Refused:
    """A transform cannot be used: BGM928."""
    return Refused(what, why=why, next=next, code="BGM928")


@dataclass(frozen=True, kw_only=True)
class Transform:
    """`function`: `module:attribute`. `reads`: the columns that it is given, `writes`: those that it makes, with their types.

    `key`: the key's columns, which it is given too. It is called with a sequence of mappings and returns, in their order, one mapping of all
    of `writes` for each; None leaves a row as it is.
    """

    function: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    types: tuple[str, ...]
    key: tuple[str, ...]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Transform:
        """The transform that the journal holds."""
        reads, writes, types, key = (tuple(data[name]) for name in ("reads", "writes", "types", "key"))
        return cls(function=data["function"], reads=reads, writes=writes, types=types, key=key)

    def load(self) -> Function:
        """Import the function; `sys.path` is the project's, as env.py has it. Raises Refused (BGM928)."""
        why = "No row can be written without it. Nothing was changed."
        module, colon, attribute = self.function.partition(":")
        if not (colon and module and attribute):
            raise refused(f"the transform {self.function!r} names no function", why, 'Write it as "module:function" in the revision.')
        try:
            found: Any = importlib.import_module(module)
            for part in attribute.split("."):
                found = getattr(found, part)
        except Exception as error:
            raise refused(
                f"the transform {self.function} cannot be imported: {type(error).__name__}: {error}", why,
                f'python -c "from {module} import {attribute}" must work in the project\'s directory (prepend_sys_path counts).',
            ) from error
        if not callable(found):
            raise refused(f"the transform {self.function} is a {type(found).__name__}, no function", why, "Name a function that takes rows.")
        return found  # type: ignore[no-any-return]

    def make(self, function: Function, rows: Sequence[Row]) -> list[Made]:
        """What becomes of these rows. Raises TransformFailed when the function raises, Refused when its answer has not the shape."""
        try:
            made = list(function(rows))
        except Exception as error:
            raise TransformFailed(f"{type(error).__name__}: {error}") from error
        why = "Nobody could tell which value belongs to which row and column. No row was written from this answer."
        if len(made) != len(rows):
            raise refused(
                f"the transform {self.function} returned {len(made)} values for {len(rows)} rows", why,
                "Return one mapping for each row, in their order; None for a row that stays as it is.",
            )
        for values in made:
            if values is not None and not (isinstance(values, Mapping) and set(values) == set(self.writes)):
                got = ", ".join(map(str, values)) if isinstance(values, Mapping) else type(values).__name__
                raise refused(
                    f"the transform {self.function} returned {got} for a row, where {', '.join(self.writes)} belong", why,
                    f"Return {{{', '.join(f'{w!r}: …' for w in self.writes)}}} for each row, or None.",
                )
        return made

    def try_out(self, rows: Sequence[Row]) -> None:
        """Call it on a few rows before anything changes. Raises Refused; one row that it cannot take is no reason, all of them are."""
        function, failures = self.load(), []
        for row in rows:
            try:
                self.make(function, [row])
            except TransformFailed as error:
                failures.append(str(error))
        if rows and len(failures) == len(rows):
            raise refused(
                f"the transform {self.function} fails for every row that it was tried on: {failures[0]}",
                "It would fail for the others, too. Nothing was changed.", "Mend the function, then run the same command again.",
            )
