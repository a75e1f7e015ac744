"""`python -m bgmigrate.journal`: bring the journal up to date in a process of its own; the URL is in BGMIGRATE_DATABASE_URL.

Alembic keeps the running migration in module globals, so a second one cannot run inside a user's `alembic upgrade`.
"""

import os

from bgmigrate.journal.schema import migrate

migrate(os.environ["BGMIGRATE_DATABASE_URL"])
