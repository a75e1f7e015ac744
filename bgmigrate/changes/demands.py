"""What the rows must be like for a rule of green's: asked before expand changes anything and again before contract does."""

from __future__ import annotations

from dataclasses import dataclass

from bgmigrate.catalog import Constraint, Index, Table
from bgmigrate.changes.base import Planned, Stage
from bgmigrate.changes.difference import Differences
from bgmigrate.ops import RequireData
from bgmigrate.sql import compose
from bgmigrate.sql.foreign_keys import ForeignKey
from bgmigrate.sql.references import references
from bgmigrate.sql.violations import check_text, of_check, of_exclusion, of_not_null, of_unique


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One question. `early`: expand asks it too, for what it is about is there already and nobody has said `on_violation = "later"`."""

    subject: str
    rule: str
    step: RequireData
    early: bool

    def planned(self) -> Planned:
        """The step, before everything else of its phase."""
        return Planned(stage=Stage.DEMAND, step=self.step, because=(f"{self.subject}: {self.rule}. Reads the table; locks nothing.",))


def asked(demand: Demand | None, *, early: bool = False) -> list[Planned]:
    """The demand's step; `early`: as part of expand, if it is asked there."""
    return [demand.planned()] if demand and (demand.early or not early) else []


def of_column(differences: Differences, table: str, column: str) -> Demand:
    """Every row has a value in the column."""
    step = RequireData(table, of_not_null(column), f"have no value in {column}", code="BGM502")
    return Demand(subject=column, rule="no row may be without a value", step=step, early=_early(differences, table, (column,)))


def of_constraint(differences: Differences, table: Table, constraint: Constraint) -> Demand | None:
    """Every row obeys the constraint, as `table` has it; None where only PostgreSQL itself can tell."""
    name, early = constraint.name, _early(differences, table.key, constraint.columns)
    if constraint.kind == "c" and (unless := of_check(constraint.definition)):
        step = RequireData(table.key, unless, f"break {name} ({check_text(constraint.definition)})")
        return Demand(subject=name, rule="no row may break it", step=step, early=early)
    if constraint.kind == "f" and (key := ForeignKey.parse(constraint.definition)):
        there = _has(differences, constraint.references, key.referenced)
        what = f"point to no row of {constraint.references} ({name})"
        step = RequireData(table.key, key.orphans(table.key), what, code="BGM504", only=table.inherited)
        return Demand(subject=name, rule=f"no row may point to nothing in {constraint.references}", step=step, early=early and there)
    if constraint.kind == "x":
        index = table.indexes[name]
        unless = of_exclusion(table.key, index.elements, constraint.operators, index.predicate, only=table.inherited)
        step = RequireData(table.key, unless, f"exclude each other ({name})", only=table.inherited)
        return Demand(subject=name, rule="no two rows may exclude each other", step=step, early=early)
    return of_index(differences, table, table.indexes[name]) if constraint.kind in "pu" else None


def of_index(differences: Differences, table: Table, index: Index) -> Demand | None:
    """No two rows are the same to a unique index; None for one that is not unique."""
    if not index.unique:
        return None
    unless = of_unique(table.key, index.elements, index.predicate, nulls_distinct=index.nulls_distinct, only=table.inherited)
    where = compose(" where {p:q}", p=index.predicate) if index.predicate else ""
    step = RequireData(
        table.key, unless, f"share {', '.join(index.elements)}{where} with another ({index.name})", code="BGM501", only=table.inherited,
    )
    about = tuple(references(" ".join((*index.elements, index.predicate or "")), table.columns.keys()))
    return Demand(subject=index.name, rule="no two rows may be the same", step=step, early=_early(differences, table.key, about))


def _early(differences: Differences, table: str, columns: tuple[str, ...]) -> bool:
    return _has(differences, table, columns) and not differences.hints.waits(table) and not any(differences.hints.waits(table, c) for c in columns)


def _has(differences: Differences, table: str | None, columns: tuple[str, ...]) -> bool:
    """Are these columns there before anything changes?"""
    found = differences.heads.tables.get(table or "")
    return found is not None and all(c in found.columns for c in columns)
