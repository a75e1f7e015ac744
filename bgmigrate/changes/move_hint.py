"""What a hint says of columns that became rows of another table, in the one form that operations know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bgmigrate.errors import ConfigurationError

EXAMPLE = '{"moved_from": "users", "forward": {"user_id": "id", "street": "street"}, "when": "street IS NOT NULL", "backward": {"street": "street"}}'


def parts(table: str, hint: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One `{"forward": {…}, "when": "…", "backward": {…}}` for each row that a row of the old table may have, without what is not said.

    Where a group of columns is repeated, `forward` is a list with a mapping for each; `when` and `backward` are lists of the same length, and a
    single `when` holds for all. Raises ConfigurationError for anything else.
    """
    forward, when, backward = (hint.get(k) for k in ("forward", "when", "backward"))
    if isinstance(forward, Mapping) and forward:
        forward, when, backward = [forward], [when], [backward]
    if not (isinstance(forward, Sequence) and forward and all(isinstance(f, Mapping) and f for f in forward)):
        raise _malformed(table, "`forward` gives no column" if not forward else "`forward` is neither a mapping nor a list of them")
    whens, backwards = _each(table, "when", when, len(forward)), _each(table, "backward", backward, len(forward))
    out = []
    for one, which, back in zip(forward, whens, backwards, strict=True):
        if not (which is None or isinstance(which, str)) or not (back is None or isinstance(back, Mapping)):
            raise _malformed(table, "`when` is no SQL text" if back is None or isinstance(back, Mapping) else "`backward` is no mapping")
        part: dict[str, Any] = {"forward": {str(c): str(sql) for c, sql in one.items()}}
        part |= {"when": which} if which else {}
        part |= {"backward": {str(c): str(sql) for c, sql in back.items()}} if back else {}
        out.append(part)
    return out


def _each(table: str, name: str, said: Any, count: int) -> Sequence[Any]:
    if said is None or isinstance(said, str):
        return [said] * count
    if not isinstance(said, Sequence) or len(said) != count:
        raise _malformed(table, f"`{name}` is not said once for each of the {count} mappings of `forward`")
    return said


def _malformed(table: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the hint `moved_from` on {table}: {what}", why="Which columns became which rows would be guessed.",
        next=f"For example: {EXAMPLE}; for a repeated group of columns a list of such mappings in `forward`, `when` and `backward`.",
    )
