"""Rows that Python reads, changes and writes back."""

from __future__ import annotations

from collections.abc import Iterator

from bgmigrate.lint.actions_beside import RowByRow
from bgmigrate.lint.rule import Hit, Rule
from bgmigrate.lint.statement import Reading, Statement


class ClientSideTransformRace(Rule):
    """A loop over rows that were read, with an UPDATE in it, as the revision's text shows."""

    code = "BGM705"
    name = "client-side-transform-race"
    severity = "info"
    danger = "What the application has written to a row since it was read is overwritten by a value that was computed from what was there before."
    reason = "Between the SELECT and the UPDATE the row is nobody's. Written only where it still is what was read, a lost row is tried again."
    unsafe = """\
for row in op.get_bind().execute(sa.text("SELECT id, note FROM orders")):
    op.get_bind().execute(sa.text("UPDATE orders SET note = :n WHERE id = :i"), {"n": row.note.strip(), "i": row.id})"""
    safe = """\
for row in op.get_bind().execute(sa.text("SELECT id, note FROM orders")):
    op.get_bind().execute(sa.text("UPDATE orders SET note = :n WHERE id = :i AND note IS NOT DISTINCT FROM :was"),
                          {"n": row.note.strip(), "i": row.id, "was": row.note})"""

    def look(self, at: Statement, within: Reading) -> Iterator[Hit]:
        """Each loop; nothing is known of the rows, nor of what is done with them."""
        if isinstance(at.action, RowByRow) and within.phase != "contract":
            yield Hit(
                what="rows are read, changed in Python and written back one by one",
                next='op.backfill(TABLE, transform="module:function", reads=[…], writes=[…])  # of bgmigrate.revisions: compares before it writes\n'
                     "# or by hand: … AND column IS NOT DISTINCT FROM :was",
            )
