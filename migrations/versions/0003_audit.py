"""How far the check of a large table's rows had come when it was interrupted."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Extend its tables; nothing outside of schema bgmigrate is touched."""
    op.execute(
        """
        CREATE TABLE bgmigrate.audit (
            table_name text PRIMARY KEY,
            digest     text NOT NULL,      -- of the questions, and of the key by which the rows are visited
            identity   text NOT NULL,      -- of the database: a copy's rows are its own
            after      text[] NOT NULL,    -- rows up to this key were asked
            upper      text[] NOT NULL,    -- the last key when it began
            rows       bigint NOT NULL,
            began_at   timestamptz NOT NULL DEFAULT now()
        )
        """
    )
