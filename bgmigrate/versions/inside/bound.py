"""Rows that a constraint refuses which the version does not know: written as if it were not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional

if TYPE_CHECKING:
    from bgmigrate.versions.agent import COMMANDS, VERSION
    from bgmigrate.versions.inside.rows import Maker, Target
    from bgmigrate.versions.inside.samples import Sampler
    from bgmigrate.versions.inside.session import told, with_connection

REFUSALS = ("23514", "23505", "23P01", "23503")


def provoke(
    url: str, driver: str, facts: Dict[str, Any], first: int, constraints: List[Dict[str, Any]], limits: str
) -> List[Optional[str]]:
    """What the server says of such rows, for each constraint; None where it takes them. Nothing stays."""

    def work(connection: Any) -> List[Optional[str]]:
        transaction = connection.begin()
        try:
            if limits:
                connection.exec_driver_sql(limits)
            return [refusal(connection, without(facts, c), first, c) for c in constraints]
        finally:
            transaction.rollback()

    return list(with_connection(url, driver, work))


def without(facts: Dict[str, Any], constraint: Dict[str, Any]) -> Dict[str, Any]:
    """The facts without the constraint, so that no value is chosen to obey it."""
    table = facts.get(constraint["table"], {})
    kept = {
        "checks": {n: c for n, c in table.get("checks", {}).items() if n != constraint["name"]},
        "foreign": [k for k in table.get("foreign", []) if constraint["kind"] != "f" or k["columns"] != constraint["columns"]],
    }
    return {**facts, constraint["table"]: {**table, **kept}}


def refusal(connection: Any, facts: Dict[str, Any], first: int, constraint: Dict[str, Any]) -> Optional[str]:
    """Write one row, or two that are alike in the constraint's columns."""
    maker = Maker(VERSION, Sampler(facts, first), connection)
    target = maker.of_table(next((t.table for t in maker.targets if t.key == constraint["table"]), None))
    if target is None:
        return None
    _, error = maker.settled(lambda session: written(session, maker, target, constraint))
    fault = told(error) if error is not None else {}
    refused = fault.get("state") in REFUSALS and fault.get("constraint") == constraint["name"]
    return str(fault["message"]) if refused else None


def written(session: Any, maker: Maker, target: Target, constraint: Dict[str, Any]) -> None:
    """Everything is given a value, so that nothing passes for being NULL."""
    from sqlalchemy import text

    row = maker.insert(session, target, full=True)
    if constraint["kind"] in "pux":
        columns = [target.same.get(c, c) for c in (target.table.columns[name] for name in constraint["columns"])]
        alike = dict(zip(columns, maker.read_columns(session, target, row, columns)))
        maker.insert(session, target, full=True, fixed=alike)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


COMMANDS["provoke"] = provoke
