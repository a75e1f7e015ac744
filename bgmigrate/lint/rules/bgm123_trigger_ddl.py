"""CREATE TRIGGER waits for writers, DROP TRIGGER for everybody."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateTrigger, DropTrigger
from bgmigrate.lint.rule import Hit, StrongLock
from bgmigrate.lint.statement import Reading, Statement


class TriggerDdl(StrongLock):
    """CREATE TRIGGER, DROP TRIGGER."""

    code = "BGM123"
    name = "trigger-ddl"
    severity = "info"
    danger = "Writers (for a drop: readers, too) wait behind it while it waits for those before it."
    reason = "SHARE ROW EXCLUSIVE and ACCESS EXCLUSIVE, for an instant. CREATE OR REPLACE FUNCTION locks no table: change the body, not the trigger."
    unsafe = 'op.execute("DROP TRIGGER audit ON orders")'
    safe = 'op.execute("CREATE OR REPLACE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")'

    def locks(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """On a table in use."""
        a = at.action
        if isinstance(a, (CreateTrigger, DropTrigger)):
            mode, who = ("SHARE ROW EXCLUSIVE", "writers") if isinstance(a, CreateTrigger) else ("ACCESS EXCLUSIVE", "everybody")
            yield Hit(
                what=f"{a.name} takes {mode} on {a.table}: {who} may wait behind it", table=a.table,
                next="Where only its behaviour changes, CREATE OR REPLACE FUNCTION instead; else keep it alone in its transaction, with a "
                     "lock_timeout: "
                     "op.execute(\"SET LOCAL lock_timeout = '1s'\")",
            )
