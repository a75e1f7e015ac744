"""A schema as PostgreSQL's own catalog tells it: the only comparison that is right for every SQLAlchemy version."""

from bgmigrate.catalog.read import everything, fingerprint, read, reread
from bgmigrate.catalog.things import Thing, ThingKind
from bgmigrate.catalog.values import Column, Constraint, Index, Schema, Sequence, Table, UserType

__all__ = [
    "Column", "Constraint", "Index", "Schema", "Sequence", "Table", "Thing", "ThingKind", "UserType", "everything", "fingerprint", "read", "reread",
]
