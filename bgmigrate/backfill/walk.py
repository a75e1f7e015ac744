"""What a way through a table's rows has to offer: where the next ranges end, and the conditions for their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bgmigrate.database import Connection

Position = Sequence[str]
DENSE = 3.0  # rows in a page, below which a page is not worth reading for one share of them


class Walk(Protocol):
    """Positions are texts, one for each key column, or a page's number."""

    begin: int  # units (rows or pages) in the first batch
    largest: int  # units in one part

    def top(self, c: Connection) -> list[str] | None:
        """The last position there is now; None when there is no row."""

    def ends(self, c: Connection, after: Position | None, upper: Position, size: int, parts: int) -> list[list[str]]:
        """Where the next `parts` parts of `size` units end; the last one's end is `upper` when it is reached."""

    def within(self, after: Position | None, upto: Position) -> str:
        """The condition for rows in (after, upto]."""

    def all_within(self, after: Position | None, upto: Position) -> str:
        """The same, for a batch that takes them in whatever order is quickest."""

    def pages(self, c: Connection, after: Position | None, bounds: Sequence[Position], rows: int) -> list[tuple[int, int]] | None:
        """For each part, of about so many rows, the first and the last page of those in which most of them stand; None where `within` says it all."""

    def stripe(self, number: int, of: int) -> str:
        """The condition for one of several shares (a power of two) of the rows, each spread evenly."""

    def spread(self, c: Connection, after: Position | None, upper: Position) -> float:
        """How many of the next rows stand in one page, on average; 0 when rows cannot be taken in shares."""

    def extent(self, size: int, spread: float) -> float:
        """In about how many pages a part of that size stands, where so many rows stand in one."""

    def rows_in(self, c: Connection, after: Position | None, upto: Position) -> list[str] | None:
        """Where the rows of the smallest range stand, one position each; None when the smallest range is one row."""

    def at(self, rows: Sequence[str]) -> str:
        """The condition for these rows."""

    def name(self, c: Connection, row: str) -> list[str]:
        """What a person calls the row at such a position: its key, if there is one."""

    def share(self, low: Position | None, at: Position | None, upper: Position, visited: int, total: float) -> float:
        """How far `at` is, from 0 to 1."""
