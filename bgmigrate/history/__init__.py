"""The project's Alembic history: its revisions, what of them a database has, and running them through the project's own env.py."""
