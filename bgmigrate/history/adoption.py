"""What `init` would write, worked out before anything is written: a mapping of paths to texts."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bgmigrate.errors import ConfigurationError
from bgmigrate.history import adopt, configuration, new_environment, settings_file
from bgmigrate.history.adopt import NewRevision
from bgmigrate.history.baseline import Baseline
from bgmigrate.history.project import Project
from bgmigrate.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """Files to be written and, of an earlier adoption without a baseline, to be removed."""

    revisions: tuple[NewRevision, ...]
    writes: dict[Path, str] = field(default_factory=dict)
    removes: tuple[Path, ...] = ()

    def apply(self) -> list[Path]:
        """Write them; the paths whose content changed. A killed run is finished by the next, for the same texts come out again."""
        changed = []
        for path in self.removes:
            path.unlink(missing_ok=True)
        for path, text in self.writes.items():
            data = text.encode()
            if not path.is_file() or path.read_bytes() != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                changed.append(path)
        return changed


def prepare(settings: Settings, *, baseline: Baseline | None = None) -> Adoption:
    """Work out the adoption of the project's environment, or of a new one. Raises ConfigurationError where a file of the user's is in the way."""
    found = configuration.find(settings)
    files = found[0] if found else configuration.Files.of(settings.directory)
    project = Project(settings, *found) if found else None
    location, raw = _location(settings, files)
    versions = project.version_directories[0] if project else location / "versions"
    heads: Sequence[str] = project.script.get_heads() if project else []
    removes: tuple[Path, ...] = ()
    # In an order in which each beginning of it is something that the next run finishes: environment, revisions, configuration.
    writes = _environment(project, location, baseline)
    revisions: list[NewRevision] = []
    if baseline:
        if project and project.adopted:  # adopted while the history was empty: the anchors move on top of the baseline
            removes = tuple(Path(project.anchor(b).path) for b in adopt.BRANCHES)
        new, text = baseline.revision(versions)
        revisions.append(new)
        writes[new.path.with_suffix(".sql")] = text
        heads = [new.revision]
    revisions += adopt.anchors(settings.service, location, heads, versions)
    writes |= {r.path: r.text for r in revisions}
    writes |= _configured(settings, files, raw, project)
    return Adoption(revisions=tuple(revisions), writes=writes, removes=removes)


def _environment(project: Project | None, location: Path, baseline: Baseline | None) -> dict[Path, str]:
    """env.py and the template, where they are ours to write."""
    env, template = location / "env.py", location / "script.py.mako"
    table = baseline.version_table if baseline else None
    if project is None or (table and env.read_text(encoding="utf-8") == new_environment.env_py()):
        return ({} if template.exists() else {template: new_environment.script_mako()}) | {env: new_environment.env_py(table)}
    if table and project.version_table.name == "alembic_version":
        raise ConfigurationError(
            "the database's alembic_version belongs to another history than this project's", code="BGM918",
            why="Two histories in one version table overwrite each other.",
            next=f'Give context.configure() in {env} version_table="{table}", then run `bgmigrate init --baseline` again.',
        )
    return {}


def _location(settings: Settings, files: configuration.Files) -> tuple[Path, str]:
    """Where the environment is or shall be, and how the configuration writes it."""
    written = _written(files)
    if written is None:
        name = settings.migrations or configuration.usual_directory(settings.directory) or "migrations"
        raw = name if ":" in name or Path(name).is_absolute() else f"%(here)s/{Path(name).as_posix()}"
    else:
        raw = written
    location = settings.migrations or raw.replace("%(here)s", str(settings.directory)).replace("%%", "%")
    where = configuration.directory_of(location, settings.directory)
    if where is None:
        from alembic.util import coerce_resource_to_filename

        where = Path(coerce_resource_to_filename(location))
    return where, raw


def _written(files: configuration.Files) -> str | None:
    parser = configparser.RawConfigParser()
    if files.ini:
        parser.read_string(files.ini.read_text(encoding="utf-8"))
        if parser.has_option("alembic", "script_location"):
            return parser.get("alembic", "script_location")
    table = tomllib.loads(files.toml.read_text(encoding="utf-8")) if files.toml else {}
    value = table.get("tool", {}).get("alembic", {}).get("script_location")
    return str(value) if value else None


def _configured(settings: Settings, files: configuration.Files, raw: str, project: Project | None) -> dict[Path, str]:
    """The configuration files with the two version directories, and with our own table where there was none."""
    out: dict[Path, str] = {}
    added = [f"{raw}/{branch}" for branch in adopt.BRANCHES]
    toml = _read(files.toml)
    text = _read(files.ini)
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    alembic = tomllib.loads(toml).get("tool", {}).get("alembic", {})
    in_ini = parser.has_option("alembic", "version_locations")
    have = parser.get("alembic", "version_locations") if in_ini else alembic.get("version_locations")
    if project and all(_location(settings, files)[0] / b in project.version_directories for b in adopt.BRANCHES):
        pass  # a baseline goes below anchors that were there
    elif in_ini or parser.has_option("alembic", "script_location") or (files.ini and parser.has_section("alembic") and not alembic):
        assert files.ini is not None
        existing = settings_file.locations(text) if in_ini else list(have or [f"{raw}/versions"])
        missing = None if parser.has_option("alembic", "script_location") else raw
        out[files.ini] = settings_file.ini(text, locations=[*existing, *added], added=added, script_location=missing)
    elif alembic:
        assert files.toml is not None
        out[files.toml] = toml = settings_file.toml(toml, locations=[*(have or [f"{raw}/versions"]), *added])
    elif files.toml:
        out[files.toml] = toml = settings_file.appended(toml, "tool.alembic", new_environment.toml_lines(raw, [f"{raw}/versions", *added]))
    elif files.ini:
        raise ConfigurationError(
            f"{files.ini} has no section [alembic]", why="Nothing of yours is overwritten.",
            next=f"Add `[alembic]` to {files.ini}, or remove the file.",
        )
    else:
        out[settings.directory / "alembic.ini"] = new_environment.ini(raw, [f"{raw}/versions", *added])
    if settings.source is None:
        lines = new_environment.settings_lines(settings.service)
        if files.toml and files.toml.parent == settings.directory:
            out[files.toml] = settings_file.appended(toml, "tool.bgmigrate", lines)
        else:
            out = {settings.directory / "bgmigrate.toml": "\n".join(lines) + "\n"} | out
        if files.ini in out:  # last, for with it the adoption is complete
            out[files.ini] = out.pop(files.ini)
    return out


def _read(path: Path | None) -> str:
    if path is None:
        return ""
    with path.open(encoding="utf-8", newline="") as file:  # line ends stay what they are
        return file.read()
