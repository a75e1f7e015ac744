"""Starting things so that Ctrl-C cannot come between their start and our knowing of them."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """SIGINT and SIGTERM wait for the end of the block, which then raises KeyboardInterrupt.

    Without this an interrupt inside of Popen leaves a process that nobody can stop. What the block makes must be in its owner's hands at its end.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main thread is ever interrupted
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Exception:
        if came:  # Ctrl-C reached what the block was starting as well: that it failed is no news
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt
