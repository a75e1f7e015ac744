"""A contract that asks no gate."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import DropColumn, DropConstraint, DropTable, RenameColumn, RenameTable, SetNotNull, Truncate
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class ContractBeforeVerified(Rule):
    """A revision of the contract branch that does not begin with op.begin_contract(revision)."""

    code = "BGM703"
    name = "contract-before-verified"
    danger = "`alembic upgrade heads` drops what the version that runs needs, with no proof that it is gone."
    reason = ("op.begin_contract asks for complete backfills, fresh evidence, the candidate live and the old version drained, before anything is "
              "destroyed.")
    unsafe = 'op.drop_column("users", "nick")'
    safe = """\
op.begin_contract("1234")
op.drop_column("users", "nick")"""
    phase = "contract"

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Once, at the first statement that cannot be taken back or that binds the other version."""
        kinds = (DropColumn, DropConstraint, DropTable, RenameColumn, RenameTable, SetNotNull, Truncate)
        if within.phase != "contract" or within.gated or not isinstance(at.action, kinds):
            return
        if not any(isinstance(s.action, kinds) for s in within.before(at)):
            yield Hit(
                what="it is carried out without asking whether the old version is gone", table=at.action.table or None,
                next="op.begin_contract(revision)  # first in upgrade(); import bgmigrate.revisions",
            )
