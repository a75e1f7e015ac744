"""How many rows the next batch takes: steered to a time target, because a batch's rows stay locked for as long as it runs."""

from __future__ import annotations


class Pace:
    """Batch size in rows. `target`: seconds that a batch should take."""

    smallest, largest = 1, 50_000

    def __init__(self, target: float, size: int = 1000) -> None:
        self.target, self.size = target, size

    def took(self, seconds: float) -> None:
        """A batch of the current size took this long: grow by half at most, shrink at once."""
        factor = self.target / seconds if seconds > 0 else 1.5
        self._resize(self.size * min(1.5, max(0.2, factor)))

    def failed(self) -> None:
        """A batch was refused or had to give way: the next one takes half as many rows."""
        self._resize(self.size / 2)

    def _resize(self, size: float) -> None:
        self.size = max(self.smallest, min(self.largest, int(size)))
