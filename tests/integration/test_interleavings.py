"""Whatever both versions insert, update and delete, in whatever order: each reads what a model in Python says, for every rule that goes both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from bgmigrate.database import connect
from bgmigrate.ops import ExchangeColumns, SynchronizeColumns
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.sql import compose

Row = Mapping[str, Any]
MANY = hypothesis(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
TEXT = st.text("ab ü'\\%", max_size=6)
WORDS = st.text("abü'", min_size=1, max_size=4)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Blue's columns and green's, how each follows from the other in SQL and in Python, and what each version may write."""

    name: str
    columns: str  # blue's, as CREATE TABLE has them
    sync: dict[str, Any]
    to_green: Callable[[Row], Row]
    to_blue: Callable[[Row], Row]
    blue: Mapping[str, st.SearchStrategy[Any]]
    green: Mapping[str, st.SearchStrategy[Any]]
    default: Row = field(default_factory=dict)
    exchange: ExchangeColumns | None = None


def _first(name: str) -> str:
    return name.split(" ")[0]


def _rest(name: str) -> str:
    return name[len(_first(name)) + 1 :]


NULL_OR_TEXT = st.none() | TEXT
RULES = [
    Rule(
        name="rename", columns="old text", sync={"add": {"new": "text"}, "forward": {"new": "old"}, "backward": {"old": "new"}},
        to_green=lambda b: {"new": b["old"]}, to_blue=lambda g: {"old": g["new"]}, blue={"old": NULL_OR_TEXT}, green={"new": NULL_OR_TEXT},
    ),
    Rule(
        name="rename with a default", columns="old text DEFAULT 'by default'",
        sync={"add": {"new": "text"}, "forward": {"new": "old"}, "backward": {"old": "new"}}, default={"old": "by default"},
        to_green=lambda b: {"new": b["old"]}, to_blue=lambda g: {"old": g["new"]}, blue={"old": NULL_OR_TEXT}, green={"new": NULL_OR_TEXT},
    ),
    Rule(
        name="rename to another type", columns="old text",
        sync={"add": {"new": "integer"}, "forward": {"new": "old::integer"}, "backward": {"old": "new::text"}},
        to_green=lambda b: {"new": None if b["old"] is None else int(b["old"])}, to_blue=lambda g: {"old": None if g["new"] is None else str(g["new"])},
        blue={"old": st.none() | st.integers(-99, 99).map(str)}, green={"new": st.none() | st.integers(-99, 99)},
    ),
    Rule(
        name="split", columns="name text NOT NULL DEFAULT 'No One'",
        sync={
            "add": {"first": "text", "last": "text"},
            "forward": {"first": "split_part(name, ' ', 1)", "last": "substr(name, length(split_part(name, ' ', 1)) + 2)"},
            "backward": {"name": "first || CASE WHEN last = '' THEN '' ELSE ' ' || last END"},
        },
        to_green=lambda b: {"first": _first(b["name"]), "last": _rest(b["name"])},
        to_blue=lambda g: {"name": g["first"] + (f" {g['last']}" if g["last"] else "")},
        blue={"name": st.builds("{} {}".format, WORDS, WORDS) | WORDS}, green={"first": WORDS, "last": st.just("") | WORDS}, default={"name": "No One"},
    ),
    Rule(
        name="merge", columns="first text NOT NULL, last text NOT NULL DEFAULT 'x'",
        sync={
            "add": {"name": "text"}, "forward": {"name": "first || ' ' || last"},
            "backward": {"first": "split_part(name, ' ', 1)", "last": "substr(name, length(split_part(name, ' ', 1)) + 2)"},
        },
        to_green=lambda b: {"name": f"{b['first']} {b['last']}"}, to_blue=lambda g: {"first": _first(g["name"]), "last": _rest(g["name"])},
        blue={"first": WORDS, "last": WORDS}, green={"name": st.builds("{} {}".format, WORDS, WORDS)}, default={"last": "x"},
    ),
    Rule(
        name="another type beside", columns="number integer DEFAULT 7", sync={"add": {"wide": "bigint"}, "mirror": {"wide": "number"}}, default={"number": 7},
        to_green=lambda b: {"wide": b["number"], "number": b["number"]}, to_blue=lambda g: {"number": g["number"]},
        blue={"number": st.none() | st.integers(-(2**31), 2**31 - 1)}, green={"number": st.none() | st.integers(-(2**31), 2**31 - 1)},
    ),
    Rule(
        name="another type in its place", columns="code character(6) DEFAULT 'd'", sync={"add": {"beside": "text"}, "mirror": {"beside": "code"}}, default={"code": "d"},
        exchange=ExchangeColumns("t", "zz_bgm_type", "code", "beside", type="text", mirror="code", made="beside", default="'d'"),
        to_green=lambda b: {"code": b["code"]}, to_blue=lambda g: {"code": g["code"]},
        blue={"code": st.none() | WORDS}, green={"code": st.none() | st.text("abü ", max_size=9)},
    ),
]


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations on a database of their own, without a journal."""
    with connect(database, purpose="test") as c:
        c.execute("CREATE SCHEMA bgmigrate")
        yield Runtime(c, database, Settings(directory=Path()), Progress(-1), {"bgmigrate.scratch": True})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@MANY
@given(data=st.data())
def test_both_versions_read_what_the_model_says(rule: Rule, on: Runtime, data: st.DataObject) -> None:
    c = on.connection
    c.execute("DROP TABLE IF EXISTS t")
    c.execute("DROP FUNCTION IF EXISTS bgmigrate.zz_bgm_type()")
    c.execute(f"CREATE TABLE t (id integer PRIMARY KEY, {rule.columns}, note text)".encode())
    SynchronizeColumns("t", "zz_bgm_type" if rule.exchange else "zz_bgm_sync", **rule.sync).run(on)
    if rule.exchange:
        rule.exchange.run(on)
    model: dict[int, dict[str, Any]] = {}
    for step in range(data.draw(st.integers(1, 12))):
        side = data.draw(st.sampled_from(["blue", "green"]))
        writes, follow = (rule.blue, rule.to_green) if side == "blue" else (rule.green, rule.to_blue)
        kind = data.draw(st.sampled_from(["insert", "update", "update", "update", "delete", "note"])) if model else "insert"
        if kind == "insert":
            given_ = {n: data.draw(s) for n, s in writes.items() if data.draw(st.booleans()) or (n not in rule.default and side == "blue") or side == "green"}
            names = [step, *given_.values()]
            c.execute(compose("INSERT INTO t (id, {c:i}) VALUES ({v:q})", c=[*given_], v=["%s"] * len(names)).encode() if given_
                      else b"INSERT INTO t (id) VALUES (%s)", names)
            model[step] = inserted(rule, side, given_)
        elif kind == "delete":
            key = data.draw(st.sampled_from(sorted(model)))
            c.execute("DELETE FROM t WHERE id = %s", [key])
            del model[key]
        elif kind == "note":
            c.execute("UPDATE t SET note = %s WHERE id = %s", [str(step), data.draw(st.sampled_from(sorted(model)))])
        else:
            key = data.draw(st.sampled_from(sorted(model)))
            given_ = {n: data.draw(s) for n, s in writes.items() if data.draw(st.booleans())}
            if given_:
                c.execute(compose("UPDATE t SET {a:q} WHERE id = %s", a=[compose("{c:i} = %s", c=n) for n in given_]).encode(), [*given_.values(), key])
                before, row = dict(model[key]), model[key] | given_
                same = all(rule.to_green(row).get(n) == row[n] for n in rule.green if n in row) if rule.green.keys() - rule.blue.keys() else False
                changed = any(before[n] != v for n, v in given_.items())
                # the old columns follow the new ones unless these are just what the old ones give
                model[key] = row | dict(follow(row)) if changed and not (side == "green" and same) else row
        shown = {*rule.blue, *rule.green}
        rows = {r[0]: dict(zip(sorted(shown), r[1:], strict=True)) for r in c.execute(compose("SELECT id, {c:i} FROM t", c=sorted(shown)).encode())}
        assert rows == {k: {n: v for n, v in row.items() if n in shown} for k, row in model.items()}, (side, kind)


def inserted(rule: Rule, side: str, given_: Row) -> dict[str, Any]:
    """The row that an INSERT makes: the side that is set wins; green's that sets nothing counts as blue's."""
    if side == "green" and (any(v is not None for v in given_.values()) or rule.green.keys() <= rule.blue.keys()):
        row = dict(rule.default) | dict(given_)
        return row | dict(rule.to_blue(row)) | (dict(rule.to_green(row)) if rule.green.keys() <= rule.blue.keys() else {})
    row = dict.fromkeys(rule.blue, None) | dict(rule.default) | ({} if side == "green" else dict(given_))
    return row | dict(rule.to_green(row))
