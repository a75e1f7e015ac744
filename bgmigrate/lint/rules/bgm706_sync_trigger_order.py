"""The last trigger before the row has the last word."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions import CreateTrigger
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement

OURS = "zz_bgm_"


class SyncTriggerOrder(Rule):
    """CREATE TRIGGER … BEFORE … FOR EACH ROW under a name that sorts after those of sync triggers."""

    code = "BGM706"
    name = "sync-trigger-order"
    danger = "It changes the row after the sync trigger has read it: the two versions' columns differ, and nothing says so."
    reason = "BEFORE triggers of a table fire in the order of their names. Those that keep versions in step are called zz_bgm_… to be the last."
    unsafe = 'op.execute("CREATE TRIGGER zzz_tidy BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tidy()")'
    safe = 'op.execute("CREATE TRIGGER tidy BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tidy()")'

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Each."""
        a = at.action
        if isinstance(a, CreateTrigger) and a.before and not at.ours and a.name > OURS and not a.name.startswith(OURS):
            yield Hit(
                what=f"{a.name} of {a.table} fires after the triggers that keep two versions in step", table=a.table,
                next=f"A name that sorts before {OURS}, such as {a.name.lstrip('z_') or 'tidy'}",
            )
