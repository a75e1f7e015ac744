"""Runs the journal's own history; `bgmigrate.journal` holds the advisory lock around it and hands over the URL."""

import os

from alembic import context
from sqlalchemy import create_engine, pool, text

from bgmigrate.database import sqlalchemy_url

SCHEMA = "bgmigrate"


def run() -> None:
    """Apply what is missing, one transaction per revision."""
    url = context.config.attributes.get("url") or os.environ["BGMIGRATE_DATABASE_URL"]
    # client_min_messages: a NOTICE of ours has no reader here
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool,
                           connect_args={"application_name": "bgmigrate/journal", "options": "-c client_min_messages=warning"})
    with engine.begin() as connection:
        # CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database even when the schema is there
        if not connection.scalar(text("SELECT true FROM pg_namespace WHERE nspname = :name"), {"name": SCHEMA}):
            connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    with engine.connect() as connection:
        context.configure(connection=connection, version_table_schema=SCHEMA, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
