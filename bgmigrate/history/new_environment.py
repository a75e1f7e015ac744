"""An Alembic environment for a project that has none: env.py, script.py.mako, and where they are configured."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

_ENV = '''\
"""Alembic's environment: which database, and how revisions are run on it."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, make_url, pool

config = context.config
target_metadata = None  # `alembic revision --autogenerate` wants the models' MetaData here; bgmigrate does not


def url() -> str:
    configured = config.get_alembic_option("sqlalchemy.url") or os.environ["BGMIGRATE_DATABASE_URL"]
    # The driver is named: what plain postgresql:// means differs between SQLAlchemy 2.0 and 2.1.
    return make_url(configured).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def run(connection: Connection | None = None, **options: object) -> None:
    # One transaction a revision: a failure never leaves the recorded version behind the real schema.
    context.configure(connection, target_metadata=target_metadata, transaction_per_migration=True, {table}**options)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run(url=url(), literal_binds=True, dialect_opts={{"paramstyle": "named"}})
elif (shared := config.attributes.get("connection")) is not None:
    run(shared)
else:
    with create_engine(url(), poolclass=pool.NullPool).connect() as connection:
        run(connection)
'''


def env_py(version_table: str | None = None) -> str:
    """The text of env.py. `version_table`: another name than Alembic's own, where that one is taken."""
    return _ENV.format(table=f'version_table="{version_table}", ' if version_table else "")


def script_mako() -> str:
    """The template for `alembic revision`: Alembic's own."""
    return (files("alembic") / "templates" / "generic" / "script.py.mako").read_text(encoding="utf-8")


def toml_lines(location: str, locations: Sequence[str]) -> list[str]:
    """The body of [tool.alembic]."""
    return [
        f'script_location = "{location}"', "version_locations = [", *(f'    "{p}",' for p in locations), "]", 'prepend_sys_path = ["."]',
    ]


def ini(location: str, locations: Sequence[str]) -> str:
    """The text of alembic.ini."""
    return "\n".join([
        "[alembic]", f"script_location = {location}", "# how version_locations and prepend_sys_path are split", "path_separator = newline",
        "version_locations =", *(f"    {p}" for p in locations), "prepend_sys_path = .", "",
    ])


def settings_lines(service: str) -> list[str]:
    """The body of [tool.bgmigrate]; what is commented out shows what there is."""
    return [
        f'service = "{service}"',
        '# models = "package.models:Base"          # default: what env.py gives Alembic as target_metadata',
        "# environments.blue.role = \"…\"             # how the sessions of each environment are told apart:",
        "# environments.green.application_name = \"…\" # by role and/or by application_name (a glob)",
    ]
