"""What happens between an open gate and a switch that is done: meant, changed, followed, seen; or all of it put back.

    gate → ready → intent → compare-and-set → apply → seen at every instance → done
                                     └ or: compare-and-set back → apply → seen → undone

The intent stands in the journal before anything is changed, so a process killed at any point leaves what the next one needs to finish or undo.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from bgmigrate import faults
from bgmigrate.database import Connection
from bgmigrate.errors import BgmigrateError, Conflict, Disagreement, InfrastructureError
from bgmigrate.findings import Finding
from bgmigrate.journal import environments, fences, intents
from bgmigrate.journal.intents import Intent
from bgmigrate.progress import Progress
from bgmigrate.routing import plane, store, stores
from bgmigrate.routing.actuator import Actuator, Seen
from bgmigrate.routing.actuators import configured
from bgmigrate.routing.store import Kind, Live
from bgmigrate.routing.stores import Held
from bgmigrate.settings import Settings
from bgmigrate.workflow.register import operator
from bgmigrate.workflow.standing import RESUME


@dataclass(kw_only=True)
class Switching:
    """One run of `switch`, which holds the run lock. `seen` is where the instances were at its end, `seconds` how long who is live was in motion."""

    connection: Connection
    settings: Settings
    say: Progress
    seen: list[Seen] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.authority = stores.outside(self.settings)
        self.actuators: list[Actuator] = configured(self.settings)

    def held(self, live: Live, to: str | None) -> Held | None:
        """Who is live as the store beside the journal has it; None without one.

        Raises Disagreement when the journal has it otherwise, unless the environment that the store names is to be made live (`to`).
        """
        if self.authority is None:
            return None
        held = self.authority.get()
        if held is None or held.environment not in (live.environment, to):
            raise Disagreement(
                f"{self.authority.where} says {held.environment if held else 'nothing'}, the journal says {live.environment}",
                why="Somebody has changed one of them by hand: which version has the traffic cannot be told from here.",
                next=f"Put it right with {self.authority.put(live.environment)}"
                + (f", or take it over: bgmigrate switch --to {held.environment}" if held else ""),
            )
        return held

    def reach(self, to: str) -> None:
        """Be sure, before anything is changed, that every instance answers and that the candidate is ready behind it.

        Raises InfrastructureError (1), NotReady (6).
        """
        if self.actuators:
            self.say.step(f"asking {len(self.actuators)} instances whether {to} is ready")
        if error := plane.unreached(plane.observe(self.actuators)):
            raise error
        plane.wait_ready(self.actuators, to)

    def begin(self, live: Live, to: str, kind: Kind, reason: str, held: Held | None) -> Live:
        """Switch, or put everything back. Raises Conflict when somebody else changed who is live, Disagreement when it could not be put back."""
        intent = intents.begin(
            self.connection, self.settings.service, source=live.environment, to=to, kind=kind, reason=reason, by=operator(),
        )
        faults.point()
        began = time.monotonic()
        try:
            now = self._change(intent, live, held)
        except Conflict:
            intents.move(self.connection, intent, "undone")
            raise
        except InfrastructureError as error:
            raise self._unknown(intent, error) from None
        now = self.finish(intent, now)
        self.seconds = round(time.monotonic() - began, 4)
        return now

    def resume(self, intent: Intent, live: Live) -> bool:
        """Bring a switch that was killed to where it can be finished or put back. False when it had changed nothing: then it has ended."""
        held = self.authority.get() if self.authority else None
        if intent.state == "meant" and live.environment == intent.from_environment:
            if held is None or held.environment != intent.to_environment:
                intents.move(self.connection, intent, "undone")
                return False
            self._record(intent, live)  # it was killed between the store and its copy here
        return True

    def finish(self, intent: Intent, live: Live) -> Live:
        """Make the data plane follow; when an instance does not, put everything back and raise InfrastructureError."""
        self.seen = plane.follow(self.actuators, intent.to_environment)
        wrong = [s for s in self.seen if s.error]
        if not wrong:
            intents.move(self.connection, intent, "done")
            return live
        self.say.step(f"putting back {intent.from_environment}: {wrong[0]}")
        self.undo(intent, live)
        raise InfrastructureError(
            f"{intent.to_environment} was not made live, for {wrong[0]}",
            why=f"Everything was put back: {intent.from_environment} is live, and every instance was seen there.",
            next="See that every instance runs and may be reached from here, then run the same command again.", code="BGM930",
            actuators=[s.as_json() for s in wrong], live=intent.from_environment,
        )

    def undo(self, intent: Intent, live: Live) -> Live:
        """Put everything back to where it was before. Raises Disagreement (7) naming the instances that could not be put back."""
        back = intent.from_environment
        try:
            if live.environment != back:
                live = self._change_back(intent, live)
            self.seen = plane.follow(self.actuators, back)
        except BgmigrateError as error:
            raise self._torn(intent, list(error.findings), plane.observe(self.actuators)) from error
        if wrong := [s for s in self.seen if s.error]:
            raise self._torn(intent, [_astray(s, back) for s in wrong], self.seen)
        intents.move(self.connection, intent, "undone")
        return live

    def _change(self, intent: Intent, live: Live, held: Held | None) -> Live:
        if self.authority is not None:
            self.authority.compare_and_set(held, intent.to_environment)
            faults.point()
        now = self._record(intent, live)
        faults.point()
        return now

    def _record(self, intent: Intent, live: Live) -> Live:
        """The journal's row, history and notification, whose version is deployed, and that it is so: one transaction."""
        c, service = self.connection, self.settings.service
        with c.transaction():
            now = store.compare_and_set(c, service, expected=live, to=intent.to_environment, by=operator(), reason=intent.reason, kind=intent.kind)
            environments.promote(c, service, now.environment)
            fences.lift(c, service, now.environment)
            if intent.kind == "back":
                environments.demote(c, service, live.environment)  # to be switched to again
            intents.move(c, intent, "committed")
        return now

    def _change_back(self, intent: Intent, live: Live) -> Live:
        c, service, back = self.connection, self.settings.service, intent.from_environment
        if self.authority is not None:
            held = self.authority.get()
            if held is not None and held.environment != back:
                self.authority.compare_and_set(held, back)
        kind: Kind = "back" if intent.kind == "forward" else "forward"
        with c.transaction():
            now = store.compare_and_set(c, service, expected=live, to=back, by=operator(), reason=f"put back: {intent.reason}".strip(": "), kind=kind)
            environments.promote(c, service, back)
            fences.lift(c, service, back)
            if kind == "back":
                environments.demote(c, service, live.environment)
            intents.move(c, intent, "undoing")
        return now

    def _unknown(self, intent: Intent, error: InfrastructureError) -> InfrastructureError:
        """The store went away while it was asked: was it changed?"""
        try:
            held = self.authority.get() if self.authority else None
        except InfrastructureError:
            held = None
        if held is not None and held.environment == intent.from_environment:
            intents.move(self.connection, intent, "undone")
            return error
        return InfrastructureError(
            error.what, why="Whether it was changed is not known; the journal and the data plane were not.", next=RESUME, code=error.findings[0].code
        )

    def _torn(self, intent: Intent, findings: list[Finding], seen: list[Seen]) -> Disagreement:
        where = "; ".join(map(str, seen)) or "there is no instance"
        return Disagreement(
            f"the switch to {intent.to_environment} failed and could not be put back: {where}",
            why="Instances send traffic to different versions. Both run on this schema, but one of them may not be ready.",
            next=RESUME, findings=findings, actuators=[s.as_json() for s in seen],
        )


def _astray(seen: Seen, wanted: str) -> Finding:
    return Finding(
        code="BGM932", what=f"{seen.kind} {seen.instance} could not be put back to {wanted}: {seen.error}",
        why="It sends traffic to the other version than who is live.", next=RESUME,
    )
