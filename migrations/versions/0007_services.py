"""What versions of services promise to each other, and signs of life of what holds no session."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Extend its tables; nothing outside of schema bgmigrate is touched."""
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    """
    CREATE TABLE bgmigrate.api (
        version_id bigint NOT NULL REFERENCES bgmigrate.version (id) ON DELETE CASCADE,
        kind       text NOT NULL CHECK (kind IN ('provides', 'requires')),
        name       text NOT NULL,
        PRIMARY KEY (version_id, kind, name)
    )
    """,
    """
    CREATE TABLE bgmigrate.heartbeat (
        service     text NOT NULL,
        environment text NOT NULL,
        name        text NOT NULL,
        until       timestamptz NOT NULL,   -- it is taken to be alive until then
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        recorded_by text NOT NULL DEFAULT session_user,
        PRIMARY KEY (service, environment, name)
    )
    """,
)
