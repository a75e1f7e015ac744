"""Several versions asked at once, each from a thread of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bgmigrate.versions.process import abandon


@contextlib.contextmanager
def threads(number: int = 4) -> Iterator[ThreadPoolExecutor]:
    """So many threads. After an error or Ctrl-C nobody waits for a version that does not answer."""
    with ThreadPoolExecutor(max_workers=number) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            abandon()
            raise
