"""The journal: what was begun and finished, who is live, which versions there are, and what was proved."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its tables; nothing outside of schema bgmigrate is touched."""
    for statement in TABLES:
        op.execute(statement)


TABLES = (
    """
    CREATE TABLE bgmigrate.fact (
        name        text PRIMARY KEY,
        identity    text NOT NULL,  -- of the database that this was said about: a copy has other facts
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        recorded_by text NOT NULL DEFAULT session_user
    )
    """,
    """
    CREATE TABLE bgmigrate.revision (
        revision    text PRIMARY KEY,
        phase       text NOT NULL CHECK (phase IN ('expand', 'contract')),
        state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'undoing')),
        environment text,           -- live when it began
        version     text,           -- deployed there when it began
        started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        finished_at timestamptz
    )
    """,
    """
    CREATE TABLE bgmigrate.synchronization (
        table_name  text NOT NULL,
        trigger     text NOT NULL,
        function    text NOT NULL,
        revision    text NOT NULL,
        spec        jsonb NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (table_name, trigger)
    )
    """,
    """
    CREATE TABLE bgmigrate.backfill (
        id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        revision    text NOT NULL,
        table_name  text NOT NULL,
        name        text NOT NULL,
        state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
        watermark   text[],         -- the key of the last row that is done, in key order
        upper       text[],         -- the greatest key when it began: rows beyond were written under the sync trigger
        rows        bigint NOT NULL DEFAULT 0,
        batches     bigint NOT NULL DEFAULT 0,
        seconds     double precision NOT NULL DEFAULT 0,
        started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        finished_at timestamptz,
        UNIQUE (revision, table_name, name)
    )
    """,
    """
    CREATE TABLE bgmigrate.backfill_failure (
        backfill_id bigint NOT NULL REFERENCES bgmigrate.backfill ON DELETE CASCADE,
        key         text[] NOT NULL,
        error       text NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (backfill_id, key)
    )
    """,
    """
    CREATE TABLE bgmigrate.version (
        id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        service       text NOT NULL,
        environment   text NOT NULL CHECK (environment IN ('blue', 'green')),
        state         text NOT NULL CHECK (state IN ('deployed', 'candidate', 'replaced', 'retired')),
        version       text NOT NULL,
        source        text NOT NULL,
        snapshot      jsonb NOT NULL,
        registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        registered_by text NOT NULL DEFAULT session_user
    )
    """,
    "CREATE UNIQUE INDEX ON bgmigrate.version (service, environment, state) WHERE state IN ('deployed', 'candidate')",
    """
    CREATE TABLE bgmigrate.live (
        service     text PRIMARY KEY,
        environment text NOT NULL CHECK (environment IN ('blue', 'green')),
        generation  bigint NOT NULL,
        changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        changed_by  text NOT NULL,
        reason      text NOT NULL
    )
    """,
    """
    CREATE TABLE bgmigrate.switch_history (
        service          text NOT NULL,
        generation       bigint NOT NULL,
        from_environment text,
        to_environment   text NOT NULL,
        kind             text NOT NULL CHECK (kind IN ('first', 'forward', 'back')),
        changed_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
        changed_by       text NOT NULL,
        reason           text NOT NULL,
        PRIMARY KEY (service, generation)
    )
    """,
    """
    CREATE TABLE bgmigrate.evidence (
        id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        service     text NOT NULL,
        kind        text NOT NULL,
        identity    text NOT NULL,  -- of the database it was found in: evidence does not follow a copy
        fingerprint text NOT NULL,
        outcome     text NOT NULL,
        document    jsonb NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        recorded_by text NOT NULL DEFAULT session_user
    )
    """,
    "CREATE INDEX ON bgmigrate.evidence (service, kind, id DESC)",
)
