"""Progress that is kept, to be read by a test."""

from __future__ import annotations

from bgmigrate.progress import Progress


class Said(Progress):
    """What a person would read."""

    def __init__(self) -> None:
        super().__init__(0)
        self.lines: list[str] = []

    def step(self, text: str) -> None:
        self.lines.append(text)

    detail = step
