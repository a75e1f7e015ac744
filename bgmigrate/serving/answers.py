"""What a command's exit code is as an HTTP status, and its object as a body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bgmigrate import failures
from bgmigrate.errors import BgmigrateError
from bgmigrate.reporting import objects
from bgmigrate.settings import Settings
from bgmigrate.workflow.report import Report

# A caller goes on with 200 alone. 403 is a no for good; 409 may be another answer after `verify`, a wait or a look; 503 says that nobody could tell.
STATUS = {0: 200, 1: 503, 2: 503, 3: 403, 4: 409, 5: 409, 6: 409, 7: 409}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`said`: the outcome and the codes of what was found, for the log."""

    status: int
    body: str
    said: str


def ask(settings: Settings, command: str, function: Callable[[], Report]) -> Answer:
    """Call a command's function; whatever it raises is an answer, too."""
    try:
        report = function()
        content, code = report.as_json(), report.exit_code
    except Exception as error:
        said = failures.explain(error, settings, verbose=False)
        content, code = objects.of_error(said, command=command, service=settings.service), said.exit_code
    return _answer(STATUS.get(code, 503), content)


def refuse(settings: Settings, status: int, error: BgmigrateError, command: str) -> Answer:
    """Say no without asking any gate."""
    return _answer(status, objects.of_error(error, command=command, service=settings.service))


def _answer(status: int, content: dict[str, object]) -> Answer:
    found = content.get("findings")
    codes = [f["code"] for f in found] if isinstance(found, list) else []
    return Answer(status=status, body=objects.text(content) + "\n", said=" ".join([str(content["outcome"]), *dict.fromkeys(codes)]))
