"""What kinds of change about generated columns have in common: who computes meanwhile, and what is demanded of table and rows."""

from __future__ import annotations

from bgmigrate.backfill.batch import as_stored, differs
from bgmigrate.catalog import Column
from bgmigrate.changes.base import Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import GenerateColumn, RequireData, RequireSmall
from bgmigrate.sql import compose
from bgmigrate.sql.references import references

_CHOICES = (
    "On PostgreSQL 18 and newer make it VIRTUAL: Computed(…, persisted=False). Or let a trigger of your own fill a plain column, which the model maps"
    " with FetchedValue(). Or let the application write a plain column."
)


def small(table: str, column: str, doing: str) -> Planned:
    """Demand, before anything changes, that the table is small enough for the column to be written in every row at once."""
    step = RequireSmall(table, "BGM113", f"{doing} {column}, which writes every row under ACCESS EXCLUSIVE", _CHOICES)
    return Planned(stage=Stage.DEMAND, step=step, because=(f"{column}: every row will be written while nobody can read; for small tables only.",))


def computed(table: str, want: Column, stage: Stage) -> Planned:
    """Let PostgreSQL compute the column."""
    assert want.default
    type_ = f"{want.type} COLLATE {want.collation}" if want.collation else want.type
    step = GenerateColumn(table, want.name, type_, want.default, want.generated == "s", want.not_null)
    lock = "ACCESS EXCLUSIVE while every row is written" if want.generated == "s" else "ACCESS EXCLUSIVE for an instant, no row is touched"
    return Planned(stage=stage, step=step, because=(f"{want.name}: PostgreSQL computes it from now on. {lock}.",))


def same(table: str, column: Column, expression: str, what: str) -> Planned:
    """Demand, before anything changes, that every row holds what the expression gives."""
    wrong = differs(compose("{c:i}", c=column.name), as_stored(expression, column.type), column.type)
    why = f"{column.name}: every row must hold what its expression gives. The table is read, nothing is locked."
    return Planned(stage=Stage.DEMAND, step=RequireData(table, wrong, what, code="BGM113"), because=(why,))


def inputs(differences: Differences, table: str, expression: str) -> set[str]:
    """The columns of green's table that an expression reads."""
    return references(expression, differences.green.tables[table].columns.keys())


def readable(differences: Differences, table: str, expression: str) -> bool:
    """Has the migrations' schema, before anything changes, every column that an expression reads?"""
    return inputs(differences, table, expression) <= differences.heads.tables[table].columns.keys()
