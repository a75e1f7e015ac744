"""How many parts of a range take turns, pass by pass.

Many: what a pass left behind can be pruned only when no transaction that was running then runs any more, so a part has to wait for its next
pass for as long as those take. Few: a range that has fallen out of the server's buffers meanwhile is read, and written, once for each pass.
Measured in docs/decisions/0018: neither number is right everywhere, so it follows what is seen.
"""

from __future__ import annotations

FEWEST, BEGIN, MOST = 2, 8, 32
LEAST = 0.75  # of what could stay in its pages at best: with less, more turns are tried
CLOSE = 0.97  # of the best share seen: fewer turns have cost next to nothing
GAIN = 0.05  # more of a range's rows have stayed: more turns were worth it
REST = 12  # ranges until more, or fewer, are tried again


class Turns:
    """For one worker. `room`: pages that a range may take of the server's buffers."""

    def __init__(self, room: float) -> None:
        self._room, self._now, self._best = room, BEGIN, 0.0
        self._fewer_than: int | None = None  # the parts there were before fewer were tried
        self._more_than: tuple[int, float] | None = None  # the parts there were before more were tried, and the share that stayed
        self._steady = self._vain = 0  # ranges until fewer, until more are tried
        self._patience = REST

    def parts(self, pages: float) -> int:
        """How many parts of so many pages the next range has."""
        fit = max(FEWEST, int(self._room / max(1.0, pages)))
        if self._best and self._more_than is None and not self._steady and self._now > fit:
            self._fewer_than, self._now = self._now, max(fit, self._now // 2)
        return self._now

    def wrote(self, share: float, passes: int) -> bool:
        """A range is done, of which that share stayed in its pages. Returns False when it is too little and more turns do not help."""
        fewer_than, more_than = self._fewer_than, self._more_than
        self._fewer_than = self._more_than = None
        self._steady, self._vain = max(0, self._steady - 1), max(0, self._vain - 1)
        if more_than and share < more_than[1] + GAIN:
            self._now, self._best, self._vain = more_than[0], share, REST
            return False
        if fewer_than and share < CLOSE * self._best:
            self._now = fewer_than
            self._be_patient()
        elif share < LEAST * (1 - 1 / passes):
            if self._now >= MOST or self._vain:
                self._best = share
                return False
            self._more_than, self._now = (self._now, share), min(MOST, self._now * 2)
            self._be_patient()
        else:
            self._best = max(self._best, share)
        return True

    def _be_patient(self) -> None:
        self._steady, self._patience = self._patience, self._patience * 2
