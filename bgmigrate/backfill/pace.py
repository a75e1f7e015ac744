"""How many rows the next batch takes: steered to a time target, because a batch's rows stay locked for as long as it runs."""

from __future__ import annotations

from collections import deque

AIM = 0.8  # of the target: it is what the slow ones should take, not the middle ones


class Pace:
    """Batch size in rows (or pages). `target`: seconds that a batch may take. Others: GitLab steers a job's mean, spirit the p90 of ten chunks."""

    smallest = 1

    def __init__(self, target: float, size: int = 1000, largest: int = 50_000) -> None:
        self.aim, self.size, self.largest = target * AIM, min(size, largest), largest
        self._each: dict[int, deque[float]] = {}  # seconds a row, by kind of batch

    def took(self, seconds: float, size: int, kind: int = 0, parts: int = 1) -> None:
        """A batch over so many parts of that many rows took this long, and the slowest kind of batch counts.

        Grow by half of it, or fourfold when it was far too quick; shrink at once when far too slow.
        """
        if seconds > 2 * self.aim:
            self._each.clear()
            self._resize(min(self.size, size * max(0.2, self.aim / seconds)))
            return
        self._each.setdefault(kind, deque(maxlen=10)).append(seconds / parts / size)
        most = 4.0 if seconds < self.aim / 6 else 1.5
        self._resize(min(size * most, self.aim / max(1e-9, *map(self._slow, self._each))))

    def _slow(self, kind: int) -> float:
        each = self._each[kind]
        return sorted(each)[int((len(each) - 1) * 0.8)]

    def times(self, kind: int, other: int) -> float:
        """How many times as long a batch of the one kind takes as one of the other, for as many rows; 1 while that is not known."""
        return self._slow(kind) / max(1e-9, self._slow(other)) if {kind, other} <= self._each.keys() else 1.0

    @property
    def seen(self) -> int:
        """How many batches of a kind the size rests on; ten at most."""
        return max(map(len, self._each.values()), default=0)

    def failed(self) -> None:
        """A batch was refused or had to give way: the next one takes half as many rows."""
        self._resize(self.size / 2)

    def _resize(self, size: float) -> None:
        self.size = max(self.smallest, min(self.largest, int(size)))
