"""The application's own listeners of SQLAlchemy's events: where they only work inside the running application, rows are tried without them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, List

if TYPE_CHECKING:
    from bgmigrate.versions.agent import VERSION

SILENCED: List[str] = []  # what the first of them said that failed


def raised_by_hook(error: BaseException) -> bool:
    """Does it come from a listener, and not from the database or SQLAlchemy? Flask's "Working outside of application context" is the common one."""
    if getattr(error, "orig", None) is not None:
        return False
    files, at = [], error.__traceback__
    while at is not None:
        files.append(at.tb_frame.f_code.co_filename.replace("\\", "/"))
        at = at.tb_next
    dispatched = [i for i, name in enumerate(files) if "/sqlalchemy/event/" in name]
    return bool(dispatched) and any("/sqlalchemy/" not in name for name in files[dispatched[-1] + 1 :])


def silence(error: BaseException) -> None:
    """Take away all listeners of sessions, mappers and engines, as SQLAlchemy's own tests do (`_clear`, in 1.4 to 2.1)."""
    from sqlalchemy import events as known
    from sqlalchemy.orm.events import MapperEvents, SessionEvents

    lines = str(error).strip().splitlines()
    SILENCED.append("%s: %s" % (type(error).__name__, lines[0] if lines else ""))
    for events in (SessionEvents, MapperEvents, *filter(None, [getattr(known, "ConnectionEvents", None)])):
        with contextlib.suppress(AttributeError):
            events._clear()
    for mapper in VERSION.mappers():
        owner: Any = mapper
        with contextlib.suppress(AttributeError):
            owner.dispatch._clear()
