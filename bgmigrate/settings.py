"""Where the settings come from: a flag wins over `BGMIGRATE_<KEY>`, which wins over the file, which wins over the default."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

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


@dataclass(frozen=True, kw_only=True)
class Environment:
    """How an environment's database sessions are told apart."""

    role: str | None = None
    application_name: str | None = None  # a glob
    driver: str | None = None
    python: str | None = None
    prepared_statements: str | bool | None = None


@dataclass(frozen=True, kw_only=True)
class ExpandSettings:
    """Budgets of expand, contract and rollback, in seconds; `small_table`: what may be rebuilt or scanned under a lock that blocks, in bytes."""

    lock_timeout: float = 0.5
    lock_deadline: float = 600.0
    index_lock_timeout: float = 1800.0
    batch_target: float = 0.05
    data_timeout: float = 60.0
    small_table: Size = 16 * 1024**2
    workers: int = 1
    max_refused_rows: int = 1000
    # What makes a backfill wait. None: the default (off, or on where it can be observed); 0, false: off; else on, and what cannot be observed stops.
    max_replica_lag: float | None = None
    ignored_standbys: tuple[str, ...] = ()  # globs of application_name
    max_slot_backlog: Size | None = None
    max_archive_backlog: Size | None = None
    max_wal_rate: Size | None = None  # bytes a second
    max_active_sessions: int | None = None
    min_free_disk: Size | None = None
    throttle_query: str | None = None
    yield_to_waiting: bool | None = None
    yield_to_wraparound: bool | None = None
    # Where a backfill's figures go, for Prometheus.
    metrics_file: str | None = None
    metrics_port: int | None = None
    metrics_address: str = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class VerifySettings:
    """`expires`: how long evidence counts, in seconds; None for as long as its fingerprint matches. `blue_command`, `green_command`: each
    version's own tests, run on a scratch database. `statements`: files of what the services send, `[ENVIRONMENT=]FILE`."""

    expires: float | None = None
    blue_command: str | list[str] | None = None
    green_command: str | list[str] | None = None
    command_timeout: float = 900.0
    statements: tuple[str, ...] = ()

    def command(self, environment: str) -> str | list[str] | None:
        """The test command of an environment's version."""
        return self.blue_command if environment == "blue" else self.green_command


@dataclass(frozen=True, kw_only=True)
class ContractSettings:
    """`quiet_for`: how long the retired environment must have had no session, `quarantine`: for how long it is renamed away what would be dropped, in
    seconds. `sessions`: what becomes of those that a fenced role has left. `unknown_sessions`: None is "refuse" where roles tell all apart."""

    quiet_for: float = 0.0
    quarantine: float = 0.0
    archive: str | None = None  # a directory
    sessions: Literal["wait", "terminate", "fail"] = "wait"
    unknown_sessions: Literal["refuse", "ignore"] | None = None


@dataclass(frozen=True, kw_only=True)
class LintSettings:
    """`severity`: by code, "error", "warning", "info" or "off". `small_tables`: may be locked and scanned. `start_after`: a revision; it and those
    before it are not looked at."""

    severity: Mapping[str, str] = field(default_factory=dict)
    small_tables: tuple[str, ...] = ()
    start_after: str | None = None


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """`token`: what callers must show. `allow_switch`: may they switch, too?"""

    token: str | None = None
    allow_switch: bool = False


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Who is live. Only `postgres` here; other kinds come with their own fields in `options`."""

    kind: str = "postgres"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that a command needs to know, read once."""

    directory: Path
    service: str = "app"
    models: tuple[str, ...] = ()
    migrations: str | None = None
    database_url: str | None = None
    scratch_url: str | None = None
    load_timeout: float = 120.0  # for importing a version's models: one that waits for a service would wait for ever
    source: Path | None = None  # the file the settings came from
    environments: Mapping[str, Environment] = field(default_factory=dict)
    expand: ExpandSettings = field(default_factory=ExpandSettings)
    verify: VerifySettings = field(default_factory=VerifySettings)
    contract: ContractSettings = field(default_factory=ContractSettings)
    lint: LintSettings = field(default_factory=LintSettings)
    serve: ServeSettings = field(default_factory=ServeSettings)
    store: StoreSettings = field(default_factory=StoreSettings)

    def environment(self, name: str) -> Environment:
        """The configuration of an environment; an empty one when nothing is configured."""
        return self.environments.get(name, Environment())

    @property
    def url(self) -> str:
        """The database's URL. Raises ConfigurationError when there is none."""
        if not self.database_url:
            raise ConfigurationError(
                "no database is configured",
                why="This command reads or changes the service's database.",
                next="Set BGMIGRATE_DATABASE_URL=postgresql+psycopg://user@host/name, or pass --database-url.",
            )
        return self.database_url


def load(
    *,
    config: Path | None = None,
    directory: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the settings. Raises ConfigurationError for a file that is missing or wrong and for unknown keys."""
    where = (directory or Path.cwd()).resolve()
    table, source, project = _file(config, where)
    base = source.parent if source else where
    _overlay(table, os.environ if environ is None else environ)
    for key, value in (overrides or {}).items():
        if value is not None:
            table[key] = value
    return _settings(table, base, source, project)


def _file(config: Path | None, where: Path) -> tuple[dict[str, Any], Path | None, str | None]:
    if config is not None:
        if not config.is_file():
            raise ConfigurationError(f"there is no configuration file {config}", next="Check --config, or run `bgmigrate init`.")
        content = _toml(config)
        return dict(content.get("tool", {}).get("bgmigrate", {}) if "tool" in content else content), config.resolve(), None
    for directory in (where, *where.parents):
        own, shared = directory / "bgmigrate.toml", directory / "pyproject.toml"
        content = _toml(shared) if shared.is_file() else {}
        name = content.get("project", {}).get("name")
        if own.is_file():
            return dict(_toml(own)), own, name
        if "bgmigrate" in content.get("tool", {}):
            return dict(content["tool"]["bgmigrate"]), shared, name
        if (directory / ".git").exists() or (directory == where and (shared.is_file() or (directory / "alembic.ini").is_file())):
            return {}, None, name
    return {}, None, None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}", next=f"Correct {path} and run the same command again.") from None


def _overlay(table: dict[str, Any], environ: Mapping[str, str]) -> None:
    known = {f.name for f in fields(Settings)} | {"actuators"}
    for variable, value in environ.items():
        if not variable.startswith("BGMIGRATE_"):
            continue
        path = variable.removeprefix("BGMIGRATE_").lower().split("__")
        if path[0] not in known:
            continue
        at = table
        for part in path[:-1]:
            at[part] = dict(at.get(part, {}))
            at = at[part]
        at[path[-1]] = _value(value)


def _value(text: str) -> Any:
    if text[:1] in "[{" or text in ("true", "false"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _settings(table: dict[str, Any], base: Path, source: Path | None, project: str | None) -> Settings:
    known = {
        "service", "models", "migrations", "database_url", "scratch_url", "load_timeout", "environments", "expand", "verify", "contract", "lint",
        "serve", "store", "actuators",
    }
    if unknown := sorted(table.keys() - known):
        raise ConfigurationError(
            f"unknown setting{'s' if len(unknown) > 1 else ''} {', '.join(unknown)} in {source or 'the environment'}",
            why="A misspelt setting would silently not apply.",
            next="Known settings: " + ", ".join(sorted(known)) + ".",
        )
    models = table.get("models", ())
    return Settings(
        directory=base,
        source=source,
        service=str(table.get("service") or project or base.name or "app"),
        models=tuple(m.strip() for m in (models.split(",") if isinstance(models, str) else models) if m.strip()),
        migrations=table.get("migrations"),
        database_url=table.get("database_url"),
        scratch_url=table.get("scratch_url"),
        load_timeout=seconds(table.get("load_timeout", Settings.load_timeout), "load_timeout"),
        environments={n: _section(Environment, e, f"environments.{n}") for n, e in table.get("environments", {}).items()},
        expand=_section(ExpandSettings, table.get("expand", {}), "expand"),
        verify=_section(VerifySettings, table.get("verify", {}), "verify", spare=True),
        contract=_section(ContractSettings, table.get("contract", {}), "contract"),
        lint=_section(LintSettings, table.get("lint", {}), "lint"),
        serve=_section(ServeSettings, table.get("serve", {}), "serve"),
        store=StoreSettings(kind=str(table.get("store", {}).get("kind", "postgres")), options=table.get("store", {})),
    )


def _boolean(value: object, key: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{key} = {value!r} is neither true nor false", next=f"For example {key} = false.")
    return value


def _section(kind: type[Any], table: Mapping[str, Any], where: str, *, spare: bool = False) -> Any:
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
            out[key] = _boolean(value, f"{where}.{key}")
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
