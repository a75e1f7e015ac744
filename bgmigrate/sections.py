"""Tables of the configuration as values: durations, sizes, truths, and no key that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bgmigrate.errors import ConfigurationError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}  # as PostgreSQL writes them (documentation, 20.1.1)
Size = int  # in bytes


def seconds(value: object, key: str = "duration") -> float:
    """A duration: `"300ms"`, `"2s"`, `"10m"`, `"1h"`, or a number of seconds.

    Raises ConfigurationError naming the key.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*", str(value))
    if not match:
        raise ConfigurationError(
            f"{key} = {value!r} is not a duration",
            why="Lock and drain budgets decide how long traffic may wait; a guess would be unsafe.",
            next=f'Write it as "300ms", "2s", "10m" or a number of seconds, for example {key} = "2s".',
        )
    return float(match[1]) * _UNITS[match[2] or "s"]


def size(value: object, key: str = "size") -> Size:
    """A size: `"8kB"`, `"16MB"`, `"1GB"`, or a number of bytes.

    Raises ConfigurationError naming the key.
    """
    match = re.fullmatch(r"\s*(\d+)\s*(kB|MB|GB|TB)?\s*", str(value))
    if not match:
        raise ConfigurationError(
            f"{key} = {value!r} is not a size", why="What may be done under a lock depends on it; a guess would be unsafe.",
            next=f'Write it as "8kB", "16MB", "1GB" or a number of bytes, for example {key} = "16MB".',
        )
    return int(match[1]) * _SIZES[match[2] or ""]


def boolean(value: object, key: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{key} = {value!r} is neither true nor false", next=f"For example {key} = false.")
    return value


def section(kind: type[Any], table: Mapping[str, Any], where: str, *, spare: bool = False) -> Any:
    """A table as a value of that class, whose annotations say what each key is. `spare`: keys that it does not know are let pass.

    Raises ConfigurationError naming the key.
    """
    kinds = {f.name: str(f.type) for f in fields(kind)}
    if (unknown := sorted(table.keys() - kinds.keys())) and not spare:
        raise ConfigurationError(
            f"unknown setting {where}.{unknown[0]}", why="A misspelt setting would silently not apply.",
            next=f"Known settings there: {', '.join(sorted(kinds))}.",
        )
    out: dict[str, Any] = {}
    for key, value in table.items():
        if key not in kinds:
            continue
        if kinds[key].startswith("float"):
            out[key] = seconds(value, f"{where}.{key}")
        elif kinds[key].startswith("Size"):
            out[key] = size(value, f"{where}.{key}")
        elif kinds[key] == "tuple[str, ...]":
            out[key] = (value,) if isinstance(value, str) else tuple(map(str, value))
        elif kinds[key].startswith("bool"):
            out[key] = boolean(value, f"{where}.{key}")
        elif kinds[key].startswith("int"):
            try:
                out[key] = int(value)
            except (TypeError, ValueError):
                raise ConfigurationError(f"{where}.{key} = {value!r} is not a whole number", next=f"For example {key} = 2.") from None
        elif kinds[key].startswith("Literal"):
            out[key] = _choice(value, f"{where}.{key}", re.findall(r"'(\w+)'|\"(\w+)\"", kinds[key]))
        else:
            out[key] = value
    return kind(**out)


def _choice(value: object, key: str, choices: list[tuple[str, str]]) -> str:
    known = [a or b for a, b in choices]
    if value not in known:
        raise ConfigurationError(f"{key} = {value!r} is none of {', '.join(known)}", next=f'For example {key} = "{known[0]}".')
    return str(value)
