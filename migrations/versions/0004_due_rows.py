"""Rows that a transform in Python has still to make values for, because a version wrote them after its pass."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Extend its tables; nothing outside of schema bgmigrate is touched."""
    op.execute(TABLE)


# No foreign key to the backfill: its check would let an application's write wait for a worker that claims a range.
TABLE = """
    CREATE TABLE bgmigrate.due (
        id          bigint GENERATED ALWAYS AS IDENTITY,
        backfill_id bigint NOT NULL,
        key         text[] NOT NULL,  -- once for each write: two transactions never wait for each other here
        PRIMARY KEY (backfill_id, id)
    )
"""
