"""With no `models` configured, the working tree's models are those of env.py's target_metadata."""

from __future__ import annotations

from tests.integration.shop import GREEN
from tests.project import Project

ENV = """
from alembic import context
from models import Base

config = context.config
if context.is_offline_mode():
    context.configure(url="postgresql://", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_env_pys_target_metadata_stands_for_models(project: Project) -> None:
    (project.directory / "models.py").write_text(GREEN)
    (project.directory / "pyproject.toml").write_text('[tool.bgmigrate]\nservice = "shop"\nmigrations = "migrations"\n')
    (project.directory / "alembic.ini").write_text("[alembic]\nscript_location = migrations\nprepend_sys_path = .\n")
    (project.directory / "migrations" / "versions").mkdir(parents=True)
    (project.directory / "migrations" / "env.py").write_text(ENV)
    report = project.must("snapshot").json
    assert set(report["snapshot"]["tables"]) == {"users"}
    assert report["snapshot"]["models"][-1] == "models:Base"
