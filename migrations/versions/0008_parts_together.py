"""How many parts of a range its later passes take at once: a row that stays in its page takes less time than one that moves."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Extend its tables; nothing outside of schema bgmigrate is touched. What is under way goes on as it began."""
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = ("ALTER TABLE bgmigrate.backfill_range ADD COLUMN together int NOT NULL DEFAULT 1 CHECK (together > 0)",)
