"""Blue/green schema changes for SQLAlchemy services on PostgreSQL."""

__version__ = "0.1.0"
