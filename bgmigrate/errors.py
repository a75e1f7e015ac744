"""The one exception tree. An error says what is wrong, why that matters and the exact next command; its class is its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from bgmigrate.findings import Finding


class BgmigrateError(Exception):
    """Something failed; the state is unchanged or resumable."""

    exit_code: ClassVar[int] = 1
    outcome: ClassVar[str] = "error"
    default_code: ClassVar[str] = "BGM900"

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        next: str = "",
        code: str | None = None,
        findings: Sequence[Finding] = (),
        **extra: Any,
    ) -> None:
        super().__init__(what)
        self.what, self.why, self.next = what, why, next
        self.extra = extra
        self.findings: tuple[Finding, ...] = tuple(findings) or (
            Finding(code=code or self.default_code, what=what, why=why, next=next),
        )
        for finding in self.findings:  # under plain `alembic` the traceback is all that a person sees
            self.add_note("\n".join(filter(None, (f"{finding.code} {finding.what}", finding.why, finding.next and f"next: {finding.next}"))))


class InfrastructureError(BgmigrateError):
    """A server, a disk or a network failed; run the same command again."""

    default_code = "BGM920"


class ConfigurationError(BgmigrateError):
    """The command line, the configuration or the set-up is wrong; a person fixes it."""

    exit_code = 2
    default_code = "BGM921"


class Refused(BgmigrateError):
    """A definite no: this change, these data or this state cannot go on safely."""

    exit_code = 3
    outcome = "refused"
    default_code = "BGM901"


class EvidenceMissing(BgmigrateError):
    """Nothing proves (any more) that both versions run on this schema."""

    exit_code = 4
    outcome = "refused"
    default_code = "BGM908"


class Conflict(BgmigrateError):
    """Someone else holds what we need; `extra["blockers"]` names them."""

    exit_code = 5
    outcome = "refused"
    default_code = "BGM914"


class NotDrained(BgmigrateError):
    """The retired version is not provably gone."""

    exit_code = 6
    outcome = "refused"
    default_code = "BGM912"


class NotReady(BgmigrateError):
    """The candidate could not take the traffic in time."""

    exit_code = 6
    outcome = "refused"
    default_code = "BGM931"


class Disagreement(BgmigrateError):
    """Who is live, what the journal has of it and where the data plane sends traffic are not the same; a person has to look."""

    exit_code = 7
    default_code = "BGM932"


class Interrupted(BgmigrateError):
    """SIGINT or SIGTERM; the same command resumes."""

    exit_code = 130
    outcome = "interrupted"
    default_code = "BGM923"


def gravest(*errors: type[BgmigrateError]) -> type[BgmigrateError]:
    """Of several reasons to refuse, the most final one: 3 before 4 before 6."""
    return min(errors, key=lambda e: e.exit_code)
