"""A version of which there is only a snapshot: its tables as the database that its DDL built has them, Core statements only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List

if TYPE_CHECKING:
    from bgmigrate.versions.agent import COMMANDS, VERSION
    from bgmigrate.versions.inside.session import with_connection


def reflect(url: str, driver: str, schemas: List[str]) -> None:
    """Take the tables of a database for the version's models."""
    from sqlalchemy import MetaData

    metadata = MetaData()

    def work(connection: Any) -> None:
        for schema in schemas:
            metadata.reflect(bind=connection, schema=None if schema == "public" else schema)

    with_connection(url, driver, work)
    VERSION.metadatas = [metadata]


COMMANDS["reflect"] = reflect
