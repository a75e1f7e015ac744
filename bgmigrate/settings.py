"""Where the settings come from: a flag wins over `BGMIGRATE_<KEY>`, which wins over the file, which wins over the default."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from bgmigrate.dataplane import ActuatorSettings, StoreSettings, read_actuators, read_store
from bgmigrate.errors import ConfigurationError
from bgmigrate.sections import Size, section
from bgmigrate.sections import seconds as seconds
from bgmigrate.sections import size as size


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
class Settings:
    """Everything that a command needs to know, read once."""

    directory: Path
    service: str = "app"
    models: tuple[str, ...] = ()
    migrations: str | None = None
    database_url: str | None = None
    scratch_url: str | None = None
    provides: tuple[str, ...] = ()  # versions of the service's API, such as orders/2
    requires: tuple[str, ...] = ()  # of others' APIs
    load_timeout: float = 120.0  # for importing a version's models: one that waits for a service would wait for ever
    source: Path | None = None  # the file the settings came from
    environments: Mapping[str, Environment] = field(default_factory=dict)
    expand: ExpandSettings = field(default_factory=ExpandSettings)
    verify: VerifySettings = field(default_factory=VerifySettings)
    contract: ContractSettings = field(default_factory=ContractSettings)
    lint: LintSettings = field(default_factory=LintSettings)
    serve: ServeSettings = field(default_factory=ServeSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    actuators: tuple[ActuatorSettings, ...] = ()

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
        "service", "models", "migrations", "database_url", "scratch_url", "provides", "requires", "load_timeout", "environments", "expand", "verify",
        "contract", "lint", "serve", "store", "actuators",
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
        provides=_names(table, "provides"),
        requires=_names(table, "requires"),
        load_timeout=seconds(table.get("load_timeout", Settings.load_timeout), "load_timeout"),
        environments={n: section(Environment, e, f"environments.{n}") for n, e in table.get("environments", {}).items()},
        expand=section(ExpandSettings, table.get("expand", {}), "expand"),
        verify=section(VerifySettings, table.get("verify", {}), "verify", spare=True),
        contract=section(ContractSettings, table.get("contract", {}), "contract"),
        lint=section(LintSettings, table.get("lint", {}), "lint"),
        serve=section(ServeSettings, table.get("serve", {}), "serve"),
        store=read_store(table.get("store", {})),
        actuators=read_actuators(table.get("actuators", ()), read_store(table.get("store", {}))),
    )


def _names(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, ())
    names = value.split(",") if isinstance(value, str) else value
    if not all(isinstance(n, str) for n in names):
        raise ConfigurationError(f"{key} = {value!r} is no list of names", next=f'For example {key} = ["orders/2"].')
    return tuple(n.strip() for n in names if n.strip())
