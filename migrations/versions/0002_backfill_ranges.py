"""Ranges of a backfill that workers have claimed, and what a person wants of it."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Extend its tables; nothing outside of schema bgmigrate is touched."""
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    """
    ALTER TABLE bgmigrate.backfill
        ADD COLUMN wanted  text NOT NULL DEFAULT 'run' CHECK (wanted IN ('run', 'pause', 'cancel')),
        ADD COLUMN wanted_by text,
        ADD COLUMN job     jsonb,                    -- what a worker needs that has no revision file at hand
        ADD COLUMN visited bigint NOT NULL DEFAULT 0, -- rows in the ranges that were claimed, done or not
        ADD COLUMN hot     bigint NOT NULL DEFAULT 0, -- updates that stayed in their page and touched no index
        ADD COLUMN sweep   bigint NOT NULL DEFAULT 0, -- rows that the current sweep of a table without a key has found
        ADD COLUMN waits   text                      -- why the next batch waits
    """,
    "ALTER TABLE bgmigrate.backfill RENAME COLUMN watermark TO claimed",
    """
    CREATE TABLE bgmigrate.backfill_range (
        id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        backfill_id bigint NOT NULL REFERENCES bgmigrate.backfill ON DELETE CASCADE,
        after       text[],            -- (after, bounds[last]] is claimed
        bounds      jsonb NOT NULL,    -- the ends of its parts, in key order
        stripes     integer NOT NULL,  -- each part is written in so many passes
        step        integer NOT NULL DEFAULT 0,  -- the next of stripes * parts
        done        boolean NOT NULL DEFAULT false,
        worker      text NOT NULL,
        pid         integer NOT NULL,  -- its backend
        token       bigint NOT NULL DEFAULT 1,  -- a new one when another worker takes over: the old one's batches are then refused
        lease_until timestamptz NOT NULL,
        rows        bigint NOT NULL DEFAULT 0,
        batches     bigint NOT NULL DEFAULT 0,
        hot         bigint NOT NULL DEFAULT 0,
        seconds     double precision NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX ON bgmigrate.backfill_range (backfill_id)",
)
