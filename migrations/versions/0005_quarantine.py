"""What contracts have renamed away instead of dropping it, who was fenced, and what the servers' statements were when somebody was made live."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Extend its tables; nothing outside of schema bgmigrate is touched."""
    for statement in TABLES:
        op.execute(statement)


TABLES = (
    """
    CREATE TABLE bgmigrate.quarantine (
        revision text PRIMARY KEY,      -- the contract, which is applied by the purge
        service  text NOT NULL,
        state    text NOT NULL DEFAULT 'entering' CHECK (state IN ('entering', 'held', 'leaving', 'purging')),
        since    timestamptz NOT NULL DEFAULT clock_timestamp(),
        until    timestamptz NOT NULL,
        begun_by text NOT NULL DEFAULT session_user,
        retired  jsonb NOT NULL DEFAULT '{}'  -- the versions that it ended, by their ids, with their states: an undo brings them back
    )
    """,
    """
    CREATE TABLE bgmigrate.set_aside (
        id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        revision    text NOT NULL REFERENCES bgmigrate.quarantine ON DELETE CASCADE,
        table_name  text NOT NULL,  -- the key that it had then
        column_name text,           -- none: the table itself
        aside       text NOT NULL,  -- what it is called meanwhile
        away        jsonb NOT NULL DEFAULT '{}',  -- what was taken away with it, to be had back
        returned    boolean NOT NULL DEFAULT false,  -- has it its name back, while constraints are still to come?
        UNIQUE (revision, table_name, column_name)
    )
    """,
    """
    CREATE TABLE bgmigrate.set_aside_function (
        name       text PRIMARY KEY,  -- in schema bgmigrate
        definition text NOT NULL      -- as it was before any column that it names was set aside
    )
    """,
    "ALTER TABLE bgmigrate.synchronization ADD COLUMN aside text",  # the key that the table had before it, or a column of it, was set aside
    """
    CREATE TABLE bgmigrate.fence (
        role        text PRIMARY KEY,
        service     text NOT NULL,
        environment text NOT NULL,
        fenced_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        fenced_by   text NOT NULL DEFAULT session_user
    )
    """,
    """
    CREATE TABLE bgmigrate.sent_before (
        service    text NOT NULL,
        generation bigint NOT NULL,  -- of who is live: what was sent since then was sent by a version that is not
        userid     oid NOT NULL,
        queryid    bigint NOT NULL,
        calls      bigint NOT NULL,
        PRIMARY KEY (service, generation, userid, queryid)
    )
    """,
)
