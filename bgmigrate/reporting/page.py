"""The evidence as one HTML page that needs nothing else: versions and probes by tables, and what is behind every cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any

from bgmigrate.findings import Finding
from bgmigrate.reporting.matrix import STATES, WHOLE, Cell, Column, Matrix, matrix

_WORDS = {"roundtrip": "round trip", "crossread": "cross-read"}
_UNITS = {
    "shape": "tables and columns compared", "roundtrip": "statements tried", "crossread": "rows read", "identity": "keys compared",
    "statements": "statements parsed", "command": "command run", "triggers": "sync triggers looked at", "data": "rules checked in every row",
}


def page(document: Mapping[str, Any]) -> str:
    """Render what `verify` found; `document` is what it records."""
    found = matrix(document["probes"], document["findings"])
    template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=_text(f"{document.get('service', '')}: verify {document['outcome']}"),
        facts="".join(f'<tr><th scope="row">{_text(k)}</th><td>{_text(v)}</td></tr>\n' for k, v in _facts(document)),
        rest=_rest(found.rest), boxes="\n".join(map(_box, STATES)), heads=_heads(found),
        rows="".join(_row(found, number, table) for number, table in enumerate(found.tables)),
        evidence="".join(_section(found, number, table) for number, table in enumerate(found.tables)),
    )


def _facts(document: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    yield "outcome", document["outcome"]
    yield "fingerprint", document.get("fingerprint") or "none: no evidence was recorded"
    for name, text in (("recorded", document.get("recorded")), ("state", document.get("state")), ("expires", document.get("expiry"))):
        if text:
            yield name, text
    yield "checked", ", ".join(f"{count} {what}" for what, count in document.get("checked", {}).items())
    software = document.get("software", {})
    for version, source in document.get("versions", {}).items():
        with_ = ", ".join(f"{k} {v}" for k, v in software.get(version, {}).items())
        yield version, f"{source}{f' – {with_}' if with_ else ''}"
    for name, told in software.items():
        if name not in document.get("versions", {}):
            yield name, ", ".join(f"{k} {v}" for k, v in told.items()) if isinstance(told, Mapping) else told


def _rest(findings: Iterable[Finding]) -> str:
    told = "".join(map(_finding, findings))
    return f"<h2>About no probe</h2>\n{told}" if told else ""


def _box(state: str) -> str:
    return f'<label><input type="checkbox" value="{_class(state)}" checked> <span class="badge {_class(state)}">{state}</span></label>'


def _heads(found: Matrix) -> str:
    groups = [(v, len(list(g))) for v, g in groupby(found.columns, key=lambda c: c.version)]
    first = "".join(f'<th scope="colgroup" colspan="{n}">{_text(v)}</th>' for v, n in groups)
    second = "".join(f'<th scope="col">{_text(_probe(c))}</th>' for c in found.columns)
    return f'<tr><th scope="col" rowspan="2">table</th>{first}</tr>\n<tr>{second}</tr>\n'


def _row(found: Matrix, number: int, table: str) -> str:
    cells = [found.cell(c, table) for c in found.columns]
    find = " ".join([_name(table), *(f.code for c in cells for f in c.findings)]).lower()
    states = " ".join(dict.fromkeys(_class(c.state) for c in cells))
    tds = "".join(_td(found, number, at, table) for at in range(len(cells)))
    return (
        f'<tr data-find="{_text(find)}" data-states="{states}" data-section="t{number}">'
        f'<th scope="row"><a href="#t{number}">{_text(_name(table))}</a></th>{tds}</tr>\n'
    )


def _td(found: Matrix, number: int, at: int, table: str) -> str:
    column = found.columns[at]
    cell = found.cell(column, table)
    what = f"{column.version}, {_probe(column)}, {_name(table)}: {cell.state}"
    if (column, table) not in found.cells:
        return f'<td class="not-tried" title="{_text(what)}"><span>not tried</span></td>'
    return f'<td class="{_class(cell.state)}" title="{_text(what)}"><a href="#t{number}-{at}">{_text(cell.state)}</a></td>'


def _section(found: Matrix, number: int, table: str) -> str:
    cells = "".join(
        _cell(f"t{number}-{at}", column, found.cells[column, table]) for at, column in enumerate(found.columns) if (column, table) in found.cells
    )
    back = '<a href="#matrix" title="back to the matrix">↑</a>'
    return f'<section class="table" id="t{number}"><h3>{_text(_name(table))} {back}</h3>\n{cells}</section>\n'


def _cell(anchor: str, column: Column, cell: Cell) -> str:
    wrong = ((cell.tally.failed, "failed"), (cell.tally.inconclusive, "inconclusive"))
    counts = [f"{cell.tally.checked} {_UNITS.get(column.probe, 'tried')}", *(f"{n} {what}" for n, what in wrong if n)]
    tried = ", ".join(f"{count} {what}" for what, count in cell.tally.statements.items())
    return (
        f'<div class="cell" id="{anchor}"><strong>{_text(column.version)} · {_text(_probe(column))}</strong> '
        f'<span class="badge {_class(cell.state)}">{cell.state}</span> {_text(", ".join(counts))}{_text(f": {tried}" if tried else "")}\n'
        + "".join(map(_finding, cell.findings)) + "".join(map(_fault, cell.tally.faults)) + "</div>\n"
    )


def _finding(finding: Finding) -> str:
    kind = {"error": "failed", "warning": "warning"}.get(finding.severity, "not-tried")
    more = "".join(f"<p>{name}: {_text(text)}</p>" for name, text in (("why", finding.why), ("next", finding.next)) if text)
    badge = f'<span class="badge {kind}">{_text(finding.severity)} {_text(finding.code)}</span>'
    return f'<div class="finding"><p>{badge} {_text(finding.what)}</p>{more}</div>\n'


def _fault(fault: Mapping[str, Any]) -> str:
    lines = (f"{fault['tried']}: {fault['verdict']}", fault.get("statement"), f"{fault.get('state') or ''} {fault['said']}".strip())
    return f"<pre>{_text(chr(10).join(filter(None, lines)))}</pre>\n"


def _probe(column: Column) -> str:
    return column.name.replace(column.probe, _WORDS.get(column.probe, column.probe), 1)


def _name(table: str) -> str:
    return "the schema as a whole" if table == WHOLE else table


def _class(state: str) -> str:
    return state.replace(" ", "-")


def _text(value: object) -> str:
    return escape(str(value))
