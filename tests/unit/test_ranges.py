"""The passes over a range: each visits every part once, in order, whatever is taken together."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bgmigrate.journal.ranges import Range


@given(parts=st.integers(1, 9), stripes=st.integers(1, 8), together=st.integers(1, 4))
def test_each_pass_visits_every_part_once(parts: int, stripes: int, together: int) -> None:
    whole = Range(id=1, token=1, after=["0"], bounds=[[str(n + 1)] for n in range(parts)], stripes=stripes, step=0, together=together)
    steps = [replace(whole, step=n) for n in range(whole.steps)]
    for number in range(stripes):
        taken = [s for s in steps if s.number == number]
        assert [n for s in taken for n in s.parts] == [*range(parts)]
        assert all(len(s.parts) <= (together if number else 1) for s in taken)
        assert taken[0].next[0] == ["0"]
        assert [s.next[1] for s in taken[:-1]] == [s.next[0] for s in taken[1:]]
        assert taken[-1].next[1] == [str(parts)]
