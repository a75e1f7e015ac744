"""What a revision file imports: it registers the operations on `alembic.op` and puts the gates in front of contract and rollback."""

import bgmigrate.ops  # noqa: F401
from bgmigrate.ops.begin import install
from bgmigrate.workflow.guards import contract_guard, rollback_guard

install("contract", contract_guard)
install("rollback", rollback_guard)
