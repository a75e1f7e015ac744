"""Switches under way: what was meant and how far it came, so that a killed one can be finished or put back."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Extend its tables; nothing outside of schema bgmigrate is touched."""
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    """
    CREATE TABLE bgmigrate.switch_intent (
        id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        service          text NOT NULL,
        from_environment text NOT NULL,
        to_environment   text NOT NULL,
        kind             text NOT NULL CHECK (kind IN ('forward', 'back')),
        state            text NOT NULL DEFAULT 'meant'
                         CHECK (state IN ('meant', 'committed', 'undoing', 'done', 'undone')),  -- the first three are unfinished
        reason           text NOT NULL,
        began_by         text NOT NULL,
        began_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
        ended_at         timestamptz
    )
    """,
    "CREATE UNIQUE INDEX ON bgmigrate.switch_intent (service) WHERE state IN ('meant', 'committed', 'undoing')",
)
