"""Editing the user's configuration by as little as possible: comments, order and line ends stay, and the result is read back and compared."""

from __future__ import annotations

import configparser
import copy
import json
import os
import re
import tomllib
import warnings
from collections.abc import Sequence
from typing import Any

import tomlkit
from alembic.config import Config

from bgmigrate.errors import ConfigurationError

_SEPARATORS = {"os": os.pathsep, "newline": "\n", "space": " ", ":": ":", ";": ";"}


def ini(text: str, *, locations: Sequence[str], added: Sequence[str], script_location: str | None = None) -> str:
    """`alembic.ini` with these version locations: `locations` are all of them, `added` those that are new.

    How `prepend_sys_path` splits stays as it is, and nothing becomes deprecated that was not. Raises ConfigurationError when the file
    is written in a way that cannot be extended so.
    """
    eol = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    before = _alembic(text)
    options = before.file_config
    section = _section(lines)
    if options.has_option("alembic", "version_locations"):
        start, end = _option(lines, section, "version_locations")
        named = options.get("alembic", "path_separator", fallback=None) or options.get("alembic", "version_path_separator", fallback=None)
        separator = _SEPARATORS.get(named or "space", " ")
        if separator == "\n":
            indent = lines[end][: -len(lines[end].lstrip())] if end > start else "    "
            lines[end + 1 : end + 1] = [indent + a for a in added]
        else:
            lines[end] = lines[end].rstrip().removesuffix(separator) + separator + separator.join(added)
    else:
        new = [] if script_location is None else [f"script_location = {script_location}"]
        named = options.get("alembic", "path_separator", fallback=None)
        if named is None:
            named = _separator(before)
            new += ["# how version_locations and prepend_sys_path are split", f"path_separator = {named}"]
        separator = _SEPARATORS.get(named, " ")
        lined = ["version_locations =", *(f"    {p}" for p in locations)]
        new += lined if separator == "\n" else [f"version_locations = {separator.join(locations)}"]
        at = _option(lines, section, "script_location")[1] if options.has_option("alembic", "script_location") else section[0]
        lines[at + 1 : at + 1] = new
    edited = "\n".join(lines)
    _same_otherwise(before, _alembic(edited), locations)
    return edited.replace("\n", eol)


def toml(text: str, *, locations: Sequence[str]) -> str:
    """`pyproject.toml` whose [tool.alembic] has these version locations."""
    document: Any = tomlkit.parse(text)
    wanted: dict[str, Any] = copy.deepcopy(tomllib.loads(text))
    wanted["tool"]["alembic"]["version_locations"] = list(locations)
    table = document["tool"]["alembic"]
    if "version_locations" in table:
        for location in locations[len(table["version_locations"]) :]:
            table["version_locations"].append(location)
    else:
        array = tomlkit.array()
        array.extend(list(locations))
        table["version_locations"] = array.multiline(True)
    edited = tomlkit.dumps(document)
    _check(edited, wanted, "[tool.alembic]", f"version_locations = {json.dumps(list(locations))}")
    return edited


def appended(text: str, table: str, lines: Sequence[str]) -> str:
    """A TOML file with a new table at its end; what was there stays byte for byte."""
    eol = "\r\n" if "\r\n" in text else "\n"
    body = [f"[{table}]", *lines]
    edited = (text.rstrip() + eol * 2 if text.strip() else "") + eol.join(body) + eol
    wanted = tomllib.loads(text)
    at = wanted
    *outer, last = table.split(".")
    for part in outer:
        at = at.setdefault(part, {})
    at[last] = tomllib.loads("\n".join(lines))
    _check(edited, wanted, f"[{table}]", "\n".join(lines))
    return edited


def _check(edited: str, wanted: dict[str, Any], table: str, by_hand: str) -> None:
    try:
        if tomllib.loads(edited) == wanted:
            return
    except tomllib.TOMLDecodeError:
        pass  # said below: the file is written in a way that cannot be extended
    raise ConfigurationError(
        f"{table} cannot be added to this pyproject.toml without touching the rest", why="Nothing of yours is changed.",
        next=f"Add it by hand, then run `bgmigrate init` again:\n{by_hand}",
    )


def _alembic(text: str) -> Config:
    config = Config()
    parser = configparser.ConfigParser({"here": "%(here)s".replace("%", "%%")})
    parser.read_string(text)
    config.file_config = parser
    return config


def _same_otherwise(before: Config, after: Config, locations: Sequence[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if (
            after.get_version_locations_list() == [p.replace("%%", "%") for p in locations]
            and after.get_prepend_sys_paths_list() == before.get_prepend_sys_paths_list()
        ):
            return
    raise ConfigurationError(
        "version_locations cannot be extended in this alembic.ini without changing how its other paths are split", why="Nothing of yours is changed.",
        next="Write prepend_sys_path one path a line with `path_separator = newline`, then run `bgmigrate init` again.",
    )


def _separator(config: Config) -> str:
    """A path_separator by which prepend_sys_path gives what Alembic's older splitting (space, comma, colon) gave."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        now = config.get_prepend_sys_paths_list() or []
    text = config.file_config.get("alembic", "prepend_sys_path", fallback="")
    fitting = [n for n in ("newline", "os", "space") if [p.strip() for p in text.split(_SEPARATORS[n]) if p] == now]
    return fitting[0] if fitting else "newline"


def _section(lines: Sequence[str]) -> tuple[int, int]:
    start = next(i for i, line in enumerate(lines) if re.match(r"\[alembic\]", line))
    return start, next((i for i in range(start + 1, len(lines)) if lines[i].startswith("[")), len(lines))


def _option(lines: Sequence[str], section: tuple[int, int], name: str) -> tuple[int, int]:
    """The first and the last line of an option's value."""
    start = next(i for i in range(*section) if re.match(rf"{name}\s*[=:]", lines[i], re.IGNORECASE))
    end = start
    for i in range(start + 1, section[1]):
        if lines[i][:1].isspace() and lines[i].strip():
            if not lines[i].lstrip().startswith(("#", ";")):
                end = i
        elif lines[i].strip() and not lines[i].startswith(("#", ";")):
            break
    return start, end


def locations(text: str) -> list[str]:
    """The version locations that an `alembic.ini` names, as they are written."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return [p for p in _alembic(text).get_version_locations_list() or [] if p]
