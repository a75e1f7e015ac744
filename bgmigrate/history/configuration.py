"""Where the project's Alembic environment is configured: `alembic.ini`, `[tool.alembic]`, or only our own `migrations` setting."""

from __future__ import annotations

import configparser
import contextlib
import os
import sys
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from bgmigrate.errors import ConfigurationError
from bgmigrate.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Files:
    """The two files that Alembic itself would read, as far as they exist."""

    directory: Path
    ini: Path | None
    toml: Path | None

    @classmethod
    def of(cls, directory: Path) -> Files:
        """Look where `alembic` looks: ALEMBIC_CONFIG, else `alembic.ini` and `pyproject.toml`."""
        ini, toml = directory / "alembic.ini", directory / "pyproject.toml"
        if named := os.environ.get("ALEMBIC_CONFIG"):
            path = Path(directory, named)
            ini, toml = (ini, path) if path.name == "pyproject.toml" else (path, toml)
        return cls(directory=directory, ini=ini if ini.is_file() else None, toml=toml if toml.is_file() else None)

    def config(self) -> Config:
        """Alembic's view of them. Raises ConfigurationError for a file that cannot be read."""
        config = Config(self.ini, toml_file=self.toml)
        try:
            _ = config.file_config, config.toml_alembic_config
        except (CommandError, OSError, ValueError, configparser.Error) as error:
            raise _unreadable(self, error) from None
        return config


def find(settings: Settings) -> tuple[Files, Config] | None:
    """The environment's configuration, its location absolute; None when there is no environment.

    Raises ConfigurationError when the configured location has no env.py.
    """
    files = Files.of(settings.directory)
    config = files.config()
    location = settings.migrations or config.get_alembic_option("script_location") or usual_directory(settings.directory)
    if not location:
        return None
    _agree(settings, config)
    if (where := directory_of(location, settings.directory)) is not None:
        if not (where / "env.py").is_file():
            if where.is_dir() and any(where.glob("**/*.py")):
                raise ConfigurationError(
                    f"{where} has Python files but no env.py", why="It is not an Alembic environment, and nothing of yours is overwritten.",
                    next="Name another directory with `migrations` in the configuration, or restore its env.py.",
                )
            return None
        location = str(where)
    config.set_main_option("script_location", location.replace("%", "%%"))
    return files, config


def _agree(settings: Settings, config: Config) -> None:
    theirs = config.get_alembic_option("script_location")
    both = [directory_of(location, settings.directory) for location in (settings.migrations, theirs) if location]
    if len(both) == 2 and both[0] != both[1]:
        raise ConfigurationError(
            f"bgmigrate's setting migrations = {settings.migrations!r} is not Alembic's script_location, {theirs!r}",
            why="`alembic` and bgmigrate would read two different histories.", next="Remove the setting; Alembic's is the default.", code="BGM918",
        )


def usual_directory(base: Path) -> str | None:
    """An environment where one is usually kept, though nothing configures it: some programs call Alembic with no file at all."""
    return next((name for name in ("migrations", "alembic") if (base / name / "env.py").is_file()), None)


def directory_of(location: str, base: Path) -> Path | None:
    """A script location as a directory; None for a package's (`shop:migrations`), which Alembic finds itself."""
    if ":" in location and not os.path.isabs(location):
        return None
    return Path(os.path.normpath(base / location))


def script_directory(config: Config, base: Path) -> ScriptDirectory:
    """Alembic's ScriptDirectory, its relative paths taken from the project's directory also when we run in another.

    Raises ConfigurationError with Alembic's reason.
    """
    paths = sys.path[:]
    with contextlib.chdir(base), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about the user's ini file; `alembic` itself says it
        try:
            script = ScriptDirectory.from_config(config)
        except (CommandError, ImportError, ValueError) as error:
            raise ConfigurationError(
                f"Alembic cannot use its environment: {error}", next="Correct its configuration; `alembic heads` must work.", code="BGM918"
            ) from None
        _ = script._version_locations  # resolved now, while the current directory is the project's
    added = sys.path[: len(sys.path) - len(paths)]
    absolute = [os.path.normpath(base / p) for p in added]
    sys.path[:] = [p for p in dict.fromkeys(absolute) if p not in paths] + paths
    return script


def _unreadable(files: Files, error: Exception) -> ConfigurationError:
    kind = files.toml if isinstance(error, tomllib.TOMLDecodeError) else files.ini
    return ConfigurationError(f"{kind} cannot be read: {str(error).splitlines()[0]}", next=f"Correct {kind} and run the same command again.")
