"""Which models a SPEC means when nobody says: those that the project's env.py gives Alembic."""

from __future__ import annotations

from dataclasses import replace

from bgmigrate.errors import ConfigurationError
from bgmigrate.history import runner
from bgmigrate.history.project import Project
from bgmigrate.settings import Settings


def with_default_models(settings: Settings, *specs: str | None) -> Settings:
    """Fill in `models` from env.py's target_metadata where the settings have none and one of the SPECs (None: the working tree) needs them."""
    if settings.models or all(s and ("#" in s or s.startswith(("snapshot:", "deployed"))) for s in specs):
        return settings
    try:
        found = runner.target(Project.open(settings)).target_metadata_spec
    except ConfigurationError:
        return settings  # no Alembic environment, or none that runs here: the SPEC's own refusal names the setting
    return replace(settings, models=tuple(found.split(","))) if found else settings
