"""How many rows the next batch takes: steered to a time target, because a batch's rows stay locked for as long as it runs."""

from __future__ import annotations

from collections import deque

AIM = 0.8  # of the target: it is what the slow ones should take, not the middle ones


class Pace:
    """Batch size in rows (or pages). `target`: seconds that a batch may take. Others: GitLab steers a job's mean, spirit the p90 of ten chunks."""

    smallest = 1

    def __init__(self, target: float, size: int = 1000, largest: int = 50_000) -> None:
        self.aim, self.size, self.largest = target * AIM, min(size, largest), largest
        self._each: deque[float] = deque(maxlen=10)  # seconds a row

    def took(self, seconds: float, size: int) -> None:
        """A batch of that many rows took this long: grow by half of it, or fourfold when it was far too quick; shrink at once when far too slow."""
        if seconds > 2 * self.aim:
            self._each.clear()
            self._resize(min(self.size, size * max(0.2, self.aim / seconds)))
            return
        self._each.append(seconds / size)
        slow = sorted(self._each)[int((len(self._each) - 1) * 0.8)]
        most = 4.0 if seconds < self.aim / 6 else 1.5
        self._resize(min(size * most, self.aim / max(slow, 1e-9)))

    @property
    def seen(self) -> int:
        """How many batches the size rests on; ten at most."""
        return len(self._each)

    def failed(self) -> None:
        """A batch was refused or had to give way: the next one takes half as many rows."""
        self._resize(self.size / 2)

    def _resize(self, size: float) -> None:
        self.size = max(self.smallest, min(self.largest, int(size)))
