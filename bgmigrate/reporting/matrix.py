"""What was tried, as versions and probes by tables: what a page and a JUnit file are made from. Pure; the arguments are those of the JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bgmigrate.findings import Finding
from bgmigrate.reporting.tally import Tally

STATES = ("failed", "inconclusive", "warning", "passed", "not tried")  # of a cell, the gravest first
WHOLE = ""  # the row of what is about no single table
_LATER = "once the pending contracts are applied, "


@dataclass(frozen=True, kw_only=True)
class Column:
    """One probe of one version."""

    version: str
    probe: str
    seconds: float = 0.0
    schema: str = "expanded"
    driver: str = ""

    @property
    def name(self) -> str:
        """The probe, with its driver and schema where there are several."""
        marks = [m for m in (self.driver, self.schema if self.schema != "expanded" else "") if m]
        return f"{self.probe} ({', '.join(marks)})" if marks else self.probe


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one probe of one version found of one table."""

    tally: Tally = field(default_factory=Tally)
    findings: tuple[Finding, ...] = ()

    @property
    def state(self) -> str:
        """The gravest thing that was found."""
        severities = {f.severity for f in self.findings}
        if self.tally.failed or "error" in severities:
            return "failed"
        if self.tally.inconclusive:
            return "inconclusive"
        if "warning" in severities:
            return "warning"
        return "passed" if self.tally.checked else "not tried"


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Cells by column and table; what is not there was not tried. `rest`: findings of no probe."""

    columns: tuple[Column, ...]
    tables: tuple[str, ...]
    cells: Mapping[tuple[Column, str], Cell]
    rest: tuple[Finding, ...] = ()

    def cell(self, column: Column, table: str) -> Cell:
        """The cell, an empty one where nothing was tried."""
        return self.cells.get((column, table), Cell())


def matrix(probes: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]]) -> Matrix:
    """Put every count and every finding in its place."""
    tallies: dict[tuple[Column, str], Mapping[str, Any]] = {}
    columns = []
    for probe in probes:
        column = Column(**{k: probe[k] for k in ("version", "probe", "schema", "driver", "seconds") if k in probe})
        columns.append(column)
        for table, tally in (probe.get("tables") or ({WHOLE: probe} if probe.get("checked") or probe.get("failed") else {})).items():
            tallies[column, table] = tally
    placed: dict[tuple[Column, str], list[Finding]] = {}
    rest: list[Finding] = []
    known = [Finding(**f) for f in findings]
    for finding in known:
        at = _places(finding, columns, tallies)
        for column in at:
            placed.setdefault((column, finding.table or WHOLE), []).append(finding)
        if not at:
            rest.append(finding)
    cells = {at: _cell(tallies.get(at, {}), placed.get(at, ()), at, known) for at in {**tallies, **placed}}
    tables = sorted({t for _, t in cells} - {WHOLE})
    return Matrix(columns=tuple(columns), tables=(*([WHOLE] if any(t == WHOLE for _, t in cells) else []), *tables), cells=cells, rest=tuple(rest))


def _places(finding: Finding, columns: Sequence[Column], tallies: Mapping[tuple[Column, str], Mapping[str, Any]]) -> Sequence[Column]:
    """The columns that a finding is about: those of its probe and schema; of several drivers those whose statements failed."""
    schema = "contracted" if finding.what.startswith(_LATER) else "expanded"
    # what was asked of the live database is asked once, and is about both versions
    mine = [c for c in columns if c.probe == finding.probe and finding.version in (None, c.version)]
    mine = [c for c in mine if c.schema == schema] or mine
    wrong = [c for c in mine if any(tallies.get((c, finding.table or WHOLE), {}).get(k) for k in ("failed", "inconclusive"))]
    return wrong or mine


def _cell(tally: Mapping[str, Any], own: Iterable[Finding], at: tuple[Column, str], findings: Sequence[Finding]) -> Cell:
    told = tuple(own)
    if tally.get("failed") and not any(f.severity == "error" for f in told):
        # the same cause is told once: by another probe of the version, or with another driver or schema
        told += tuple(f for f in findings if f.severity == "error" and f.version == at[0].version and (f.table or WHOLE) == at[1])
    return Cell(tally=Tally.from_json(tally), findings=told)
