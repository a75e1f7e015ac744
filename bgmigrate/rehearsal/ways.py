"""The other ways through the same revisions: back from between any two operations, and the contracts in another order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from bgmigrate.errors import BgmigrateError
from bgmigrate.findings import Finding
from bgmigrate.history.project import Project
from bgmigrate.planner.prove import trace
from bgmigrate.rehearsal.life import Life, Pending, left
from bgmigrate.rehearsal.route import Route, Rows, Stopped, Stopper
from bgmigrate.settings import Settings

Copies = Callable[[], AbstractContextManager[str]]  # each a fresh copy's URL


def back_from_every_step(
    settings: Settings, project: Project, copies: Copies, pending: Pending, life: Life, *, ignore: set[str], seconds: float
) -> dict[str, int]:
    """Stop expand after an operation, roll back, and look for a trace; spread over the revisions until the time is up.

    Returns how many were tried, and of how many. Findings go to `life`.
    """
    places = [n for n, (_, step) in enumerate(life.operations, start=1) if not (step.looks or step.verb.startswith("begin_"))]
    ordered = sorted(range(len(places)), key=lambda i: i * 0.6180339887 % 1)  # whenever it ends, what was tried is spread evenly
    began, tried = time.monotonic(), 0
    for i in ordered:
        if tried and time.monotonic() - began > seconds:
            break
        tried += 1
        revision, step = life.operations[places[i] - 1]
        when = f"rollback of an expand that ended after {step.verb}{_of(step)}"
        with copies() as url:
            stopped = Route(settings, project, url, ignore, Stopper(places[i]))
            route = Route(settings, project, url, ignore)
            try:
                route.forward(pending.anchor)
                before = route.everything()
                _until_stopped(stopped, pending.expands)
                half = route.everything()
                route.back(pending.expands)
                life.findings += left(trace(before, half, route.everything(), life.stays), when, revision)
            except BgmigrateError as error:
                life.findings += [_failed(when, revision, error)]
    return {"tried": tried, "of": len(places)}


def _until_stopped(route: Route, expands: Sequence[str]) -> None:
    try:
        for revision in expands:
            route.forward(revision)
    except Stopped:
        return


def orders(project: Project, pending: Pending) -> dict[str, list[str]]:
    """Other orders than every expand and then every contract in which a database may get these revisions; none where there is one contract."""
    if len(pending.contracts) < 2:
        return {}
    out: dict[str, list[str]] = {}
    each: list[str] = []
    for expand in pending.expands:
        each.append(expand)
        contract = project.contract_of(expand)
        if contract is not None and contract.revision in pending.contracts:
            each.append(contract.revision)
    each += [c for c in pending.contracts if c not in each]
    if each != [*pending.expands, *pending.contracts]:
        out["each contract before the next expand"] = each
    heads = [h for h in project.branch_heads("contract") if h in pending.contracts]
    if len(heads) > 1:  # plans made side by side
        out["the contracts' branches the other way round"] = [*pending.expands, *reversed(heads)]
    return out


def in_another_order(
    settings: Settings, project: Project, copies: Copies, pending: Pending, life: Life, *, ignore: set[str]
) -> list[str]:
    """Carry out every other order on a copy of its own, and compare the ends. Returns what was tried."""
    tried = orders(project, pending)
    for name, revisions in tried.items():
        with copies() as url:
            route = Route(settings, project, url, ignore)
            try:
                for revision in (pending.anchor, *revisions):
                    route.forward(revision)
                life.findings += _differ(name, revisions[-1], life.end or set(), route.everything())
            except BgmigrateError as error:
                life.findings += [_failed(name, revisions[-1], error)]
    return list(tried)


def _differ(name: str, revision: str, one: Rows, other: Rows) -> list[Finding]:
    found = list(dict.fromkeys(f"{kind} {thing}" for kind, thing, _ in sorted(one ^ other)))
    if not found:
        return []
    return [Finding(
        code="BGM953", revision=revision, what=f"{name}, the schema ends otherwise: {'; '.join(found[:5])}",
        why="Databases may get these revisions in either order, and would differ from then on.",
        next="Apply the first release's contract before the second is planned, or plan one of them again on top of the other.",
    )]


def _failed(when: str, revision: str, error: BgmigrateError) -> Finding:
    return Finding(code="BGM950", revision=revision, what=f"{when}: {error.what}", why=error.why, next=error.next)


def _of(step: object) -> str:
    table = getattr(step, "table", None)
    return f" of {table}" if isinstance(table, str) else ""
