"""Reports as files: the suffix says which form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bgmigrate.errors import ConfigurationError
from bgmigrate.reporting.junit import Case, Suite, junit
from bgmigrate.reporting.matrix import Cell, Column, Matrix, matrix
from bgmigrate.reporting.page import page

Document = Mapping[str, Any]  # what `verify` records as evidence, with the service's name and the time


def writable(paths: Iterable[Path]) -> None:
    """Find out before long work whether these reports can be written. Raises ConfigurationError for a path or suffix that cannot be."""
    for path in paths:
        if path.suffix.lower() not in FORMS:
            raise ConfigurationError(
                f"a report cannot be written as {path.name!r}", why="Its suffix says in which form it is written.",
                next=f"End its name in {' or '.join(f'{suffix} ({what})' for suffix, (what, _) in FORMS.items())}.",
            )
        new = not path.exists()
        try:
            with path.open("ab"):
                pass
            if new:
                path.unlink()
        except OSError as error:
            raise ConfigurationError(
                f"the report {path} cannot be written: {error.strerror}", why="It would be found out only after the work.",
                next="Name a file in a directory that is there and may be written to.",
            ) from None


def write(paths: Sequence[Path], document: Document) -> None:
    """Write each report in the form that its suffix names."""
    for path in paths:
        path.write_text(FORMS[path.suffix.lower()][1](document), encoding="utf-8")


def _junit(document: Document) -> str:
    found = matrix(document["probes"], document["findings"])
    properties = {k: str(document[k]) for k in ("outcome", "fingerprint") if document.get(k)}
    suites = [
        Suite(
            name=version, properties=properties | {"source": str(document["versions"].get(version, ""))},
            cases=[_case(found, c, t) for c in found.columns if c.version == version for t in found.tables if (c, t) in found.cells],
            notes=[f for (c, _), cell in found.cells.items() if c.version == version for f in cell.findings if f.severity != "error"],
        )
        for version in dict.fromkeys(c.version for c in found.columns)
    ]
    if found.rest:
        cases = [Case(group="verify", name=f.code, failed=f.severity == "error", findings=(f,)) for f in found.rest]
        suites.append(Suite(name="verify", cases=cases, properties=properties, notes=[f for f in found.rest if f.severity != "error"]))
    return junit(suites, at=document.get("at") or datetime.now(UTC))


def _case(found: Matrix, column: Column, table: str) -> Case:
    cell, mine = found.cell(column, table), [t for t in found.tables if (column, t) in found.cells]
    return Case(
        group=f"{column.version}.{column.name}", name=table or "the schema as a whole", seconds=column.seconds if table == mine[0] else 0.0,
        failed=cell.state == "failed", findings=tuple(f for f in cell.findings if f.severity == "error"),
        detail="\n".join(map(_fault, cell.tally.faults)),
        skipped=_reason(cell) if cell.state in ("inconclusive", "not tried") else "",
    )


def _reason(cell: Cell) -> str:
    told = [f.what for f in cell.findings if f.code == "BGM806"]
    if not told and cell.tally.inconclusive:
        return f"{cell.tally.inconclusive} of {cell.tally.checked} inconclusive"
    return "; ".join(told or dict.fromkeys(fault["said"] for fault in cell.tally.faults)) or "nothing was tried"


def _fault(fault: Mapping[str, Any]) -> str:
    return "\n  ".join(filter(None, (f"{fault['tried']}: {fault['said']}", fault.get("statement"))))


FORMS: dict[str, tuple[str, Callable[[Document], str]]] = {".html": ("a page", page), ".xml": ("JUnit", _junit)}
