"""How many parts of a range take turns: as many as transactions beside it are long, as few as fit the server's buffers."""

from __future__ import annotations

from collections.abc import Callable

from bgmigrate.backfill.turns import BEGIN, MOST, Turns

SMALL, LARGE = 10.0, 500.0  # pages in a part


def tried(turns: Turns, stays: Callable[[int], float], ranges: int, pages: float = SMALL) -> list[int]:
    """The number of parts of each of the next ranges, when `stays` says what share of their rows stays in its pages."""
    found = []
    for _ in range(ranges):
        found.append(parts := turns.parts(pages))
        turns.wrote(stays(parts), 8)
    return found


def test_where_all_is_well_and_there_is_room_the_number_stays() -> None:
    assert set(tried(Turns(1000), lambda _: 0.76, 50)) == {BEGIN}


def test_a_range_that_is_larger_than_its_room_gets_fewer_parts() -> None:
    assert tried(Turns(1000), lambda _: 0.76, 5, LARGE) == [8, 4, 2, 2, 2]


def test_fewer_parts_that_cost_something_are_given_up_and_tried_again_ever_more_seldom() -> None:
    parts = tried(Turns(1000), lambda parts: 0.76 if parts > 4 else 0.6, 200, LARGE)
    assert parts[:3] == [8, 4, 8]
    assert parts.count(4) == 5  # after 12, 24, 48 and 96 ranges
    assert {*parts} == {4, 8}


def test_long_transactions_beside_it_make_more_parts() -> None:
    assert tried(Turns(1000), lambda parts: {8: 0.2, 16: 0.44, 32: 0.7}.get(parts, 0.1), 6) == [8, 16, 32, 32, 32, 32]


def test_more_parts_that_do_not_help_are_given_up() -> None:
    turns = Turns(1000)
    assert tried(turns, lambda _: 0.5, 8) == [8, 16, 8, 8, 8, 8, 8, 8]
    assert not turns.wrote(0.1, 8)


def test_there_are_never_more_than_the_most() -> None:
    turns = Turns(1000)
    assert max(tried(turns, lambda parts: parts / 100, 20)) == MOST
    assert not turns.wrote(0.3, 8)
