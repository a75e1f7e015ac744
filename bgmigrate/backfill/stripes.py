"""In how many passes a range is written, so that its updates stay in their pages (HOT) and touch no index.

A full page has no room for the new versions of its rows. Where only every eighth row is written first, those few move away, PostgreSQL prunes
what they leave behind when the page is next read, and the other rows' new versions fit where the old ones stood. Measured in
docs/explanation/backfill.md; we know of no other tool that does it.
"""

from __future__ import annotations

from bgmigrate.backfill.batches import Wrote
from bgmigrate.backfill.turns import Turns
from bgmigrate.backfill.walk import DENSE

ONE_PASS_PARTS = 8  # enough that a claim costs little beside them
LITTLE = 0.4  # of a range's updates that stayed in their page: pruning does not get through
REST = 12  # ranges until passes are tried again


class Stripes:
    """Decides for one worker, from what it sees. `indexes`: those that hold a written column; an update is then never HOT. `passes`: at best.
    `room`: pages that a range may take of the server's buffers.
    """

    def __init__(self, indexes: list[str], passes: int, room: float = 0.0) -> None:
        self.most, self.why = passes if not indexes else 1, ""
        if indexes:
            self.why = f"one pass: {', '.join(indexes[:3])} would be written in any case"
        self._turns = Turns(room)
        self._rest = 0
        self._roomy = False  # pages have room as they are
        self._done = False  # hardly a row of the last range was left to write

    @property
    def able(self) -> bool:
        """Is there a choice?"""
        return self.most > 1

    def passes(self, spread: float) -> int:
        """In how many passes the next range is written; `spread`: rows of it in a page."""
        if not self.able:
            return 1
        if spread < DENSE:
            return self._say(1, "one pass: the key does not follow the table's order")
        if self._roomy or self._done:
            return 1
        if self._rest:
            self._rest -= 1
            return 1
        return self._say(self.most, f"{self.most} passes over each range, so that updates stay in their pages (HOT)")

    def parts(self, passes: int, pages: float, seen: int) -> int:
        """How many parts of so many pages the next range has. `seen`: batches that their size rests on; it is not asked again within a range."""
        return self._turns.parts(pages) if passes > 1 else min(ONE_PASS_PARTS, 1 + seen)

    def wrote(self, passes: int, whole: Wrote, first: Wrote) -> None:
        """A range is done: what was written there, and what by its first pass."""
        if not self.able:
            return
        self._done = whole.rows < 100
        if self._done:
            return
        if passes == 1:
            if self._roomy and whole.hot < whole.rows * LITTLE:
                self._roomy = False
        elif first.hot > first.rows * 0.9:
            self._roomy = True
            self._say(1, "one pass: the pages have room")
        elif not self._turns.wrote(share := whole.hot / whole.rows, passes) and share < LITTLE:
            self._rest = REST
            self._say(1, f"one pass for a while: only {share:.0%} stayed in their pages, for an old snapshot keeps what was left behind there")

    def _say(self, passes: int, why: str) -> int:
        self.why = why
        return passes
