"""What holds for every kind of change, asked of each case's revisions step by step and killed everywhere, in this process."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from bgmigrate.naming import LIMIT, ident
from bgmigrate.ops import BackfillRows, Step
from tests.lifecycle import catalog
from tests.lifecycle.case import Case
from tests.lifecycle.cases import every
from tests.lifecycle.life import wanted
from tests.lifecycle.rules import Revisions, State
from tests.servers import Server

CASES = every()
pytestmark = pytest.mark.exhaustive
TYPES, COLUMNS, BACKFILL, INDEXES, CONSTRAINTS, VIEWS = range(6)
PLACES = {
    "schema": TYPES, "type": TYPES, "relation": TYPES, "sequence": TYPES, "column": COLUMNS, "trigger": COLUMNS, "index": INDEXES,
    "constraint": CONSTRAINTS, "view": VIEWS, "policy": CONSTRAINTS, "row security": CONSTRAINTS, "statistics": CONSTRAINTS,
    "replica identity": CONSTRAINTS,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_expand_goes_in_order(case: Case, server: Server) -> None:
    """Types and tables, then columns with their triggers, the backfill, indexes (its updates stay HOT), constraints."""
    revisions, places = Revisions(case, server), [TYPES]
    with revisions.blue() as stage:
        first = before = State.of(stage)
        for step in revisions.expand.upgrade:
            stage.step(step)
            after = State.of(stage)
            new = {(what, name) for what, name in after.new(before) if not name.endswith(".not null")}
            # an application's function comes as early as it can; its trigger after the backfill, so that it fires for none of those rows
            made = {CONSTRAINTS if what == "trigger" and ".zz_bgm_" not in name else PLACES[what] for what, name in new if what != "function"}
            own = places[-1] == TYPES and getattr(step, "table", None) in after.columns.keys() - first.columns.keys()
            if own or any(what == "relation" for what, _ in new):
                made = {TYPES}  # what comes with a table comes before anybody can use it
            elif after.values != before.values or {t: r for t, r in after.rows.items() if t in before.rows} != before.rows:
                made |= {BACKFILL}
            places += [max(made)] if made else []
            assert places == sorted(places), f"{step.verb} comes too late: {places}, {sorted(new)}"
            for table, function in after.called - before.called:
                earlier = before.columns.get(table, frozenset()) - first.columns.get(table, frozenset())
                missed = [c for c in earlier if f"NEW.{ident(c)} :=" in after.functions[function]]
                assert missed == [], f"{missed} were in {table} before the trigger {function} that fills them"
            before = after


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_expand_asks_no_more_of_blue(case: Case, server: Server) -> None:
    """Tightening belongs to contract: what blue writes obeys what it obeyed before."""
    revisions = Revisions(case, server)
    with revisions.blue() as stage:
        before = State.of(stage)
        stage.run(revisions.expand.upgrade)
        after = State.of(stage)
    known = {(r.table, r.columns, r.kind.removeprefix("given ")) for r in before.rules}
    for rule in after.rules:
        kind = rule.kind.removeprefix("given ")
        if rule.table not in before.columns or (rule.table, rule.columns, kind) in known or rule.name in case.obeyed:
            continue
        # blue leaves a new column out: NOT NULL is nothing to it where there is a default
        assert rule.kind == "given not null" or kind != "not null", f"{rule} is new, and blue gives no value"
        assert not rule.columns <= before.columns[rule.table], f"{rule} is new, and blue need not obey it"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_expand_killed_anywhere_goes_on_or_back(case: Case, server: Server) -> None:
    """Killed in each transaction and amid each statement that lets others write: run again it ends in the same, and undone it leaves no trace."""
    revisions = Revisions(case, server)
    up, down = revisions.expand.upgrade, revisions.expand.downgrade
    with revisions.blue() as stage:
        before = State.of(stage)
        stage.run(up)
        expanded, kills = State.of(stage), stage.kills
        stage.run(down)
        undoings = stage.kills
        assert State.of(stage).differs(before, but=case.kept, filled=case.filled) == []
        for kill, undoing in itertools.zip_longest(kills, undoings):
            if kill:
                stage.run(up, kill)
                stage.run(down)
                assert State.of(stage).differs(before, but=case.kept, filled=case.filled) == [], f"undone after {kill}"
                stage.run(up, kill)
            stage.run(up)
            if kill:
                assert State.of(stage).differs(expanded) == [], f"gone on after {kill}"
            stage.run(down, undoing)
            if undoing:
                stage.run(down)
                assert State.of(stage).differs(before, but=case.kept, filled=case.filled) == [], f"undone again after {undoing}"


@pytest.mark.parametrize("case", [case for case in CASES if case.contracts], ids=lambda case: case.id)
def test_contract_killed_anywhere_goes_on(case: Case, server: Server) -> None:
    """Killed in each transaction and amid each statement that lets others write, and run again, it ends in green's own schema with all values."""
    revisions = Revisions(case, server)
    assert revisions.contract
    up, green = revisions.contract.upgrade, wanted(case, server)
    with revisions.blue() as stage:
        stage.run(revisions.expand.upgrade)
        with revisions.copy(stage) as copy:
            copy.run(up)
            contracted, kills = State.of(copy), copy.kills
            assert catalog.difference(contracted.catalog, green) == []
            assert contracted.functions == {}
        for kill in kills:
            with revisions.copy(stage) as copy:
                copy.run(up, kill)
                copy.run(up)
                assert State.of(copy).differs(contracted) == [], f"gone on after {kill}"


@pytest.mark.every_server
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_step_done_twice_is_done_once(case: Case, server: Server) -> None:
    revisions = Revisions(case, server)
    with revisions.blue() as stage:
        before = State.of(stage)
        stage.run(revisions.expand.upgrade)
        expanded = State.of(stage)
        stage.run(_twice(revisions.expand.downgrade))
        assert State.of(stage).differs(before, but=case.kept, filled=case.filled) == []
        stage.run(_twice(revisions.expand.upgrade))
        assert State.of(stage).differs(expanded) == []
        if revisions.contract:
            stage.run(_twice(revisions.contract.upgrade))
            assert catalog.difference(State.of(stage).catalog, wanted(case, server)) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_ours_is_called_so(case: Case, server: Server) -> None:
    """Names of what green does not have begin with bgm_ or zz_bgm_, and PostgreSQL cuts none."""
    revisions = Revisions(case, server)
    with revisions.blue() as stage:
        before = State.of(stage)
        stage.run(revisions.expand.upgrade)
        after = State.of(stage)
    green = {t[1].rpartition(".")[2] for t in wanted(case, server)}  # a table may have another name meanwhile
    names = {name.rpartition(".")[2] for _, name in after.new(before) if not name.endswith(".not null")} - green | set(after.functions)
    assert [name for name in names if not re.match("(zz_)?bgm_", name)] == []
    steps = (*revisions.expand.upgrade, *revisions.expand.downgrade, *(revisions.contract.upgrade if revisions.contract else ()))
    said = {name for step in steps for _, value in step.arguments() for name in _names(value)}
    assert [name for name in said if len(name.encode()) > LIMIT] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.catalog_only], ids=lambda case: case.id)
def test_what_the_catalog_alone_can_do_touches_no_row(case: Case, server: Server) -> None:
    """The cheapest step that is right: no trigger, no backfill, no row and no file moved."""
    revisions = Revisions(case, server)
    with revisions.blue() as stage:
        before = State.of(stage)
        for revision in filter(None, (revisions.expand, revisions.contract)):
            assert [s for s in revision.upgrade if isinstance(s, BackfillRows) and s.table in case.catalog_only] == []
            for step in revision.upgrade:
                stage.step(step)
                now = State.of(stage)
                assert [t for t in case.catalog_only if now.rows.get(t) != before.rows[t]] == [], step
                assert [name for what, name in now.new(before) if what == "trigger" and name.split(".")[1] in case.catalog_only] == [], step


def _twice(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield from (step, step)


def _names(value: Any) -> Iterator[str]:
    """Names of ours in an operation's argument."""
    if isinstance(value, str):
        whole = re.match("(zz_)?bgm_", value)
        yield from (value,) if whole else (m[0] for m in re.finditer(r"\b(?:zz_)?bgm_\w+", value))
    for inner in (*value.keys(), *value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(inner)
