"""The evidence as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from string import Template
from typing import Any

_PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>$title</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem }
td, th { border-bottom: 1px solid #ccc; padding: .35rem .6rem; text-align: left; vertical-align: top }
.error { color: #a00 } .warning { color: #850 } .info { color: #555 }
</style>
<h1>$title</h1>
<p>Fingerprint: <code>$fingerprint</code></p>
<h2>Probes</h2><table>$probes</table>
<h2>Findings</h2><table>$findings</table>
</html>
""")


def page(service: str, outcome: str, fingerprint: str | None, probes: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]]) -> str:
    """Render what `verify` found; the arguments are those of its JSON."""
    columns = ("probe", "version", "schema", "driver", "checked", "failed", "inconclusive", "seconds")
    return _PAGE.substitute(
        title=escape(f"{service}: verify {outcome}"),
        fingerprint=escape(fingerprint or "none: no evidence was recorded"),
        probes=_row("th", columns) + "".join(_row("td", [p.get(c, "") for c in columns]) for p in probes),
        findings=_row("th", ("code", "what", "why", "next"))
        + "".join(_row("td", [f.get(c, "") for c in ("code", "what", "why", "next")], f["severity"]) for f in findings),
    )


def _row(tag: str, cells: Sequence[object], kind: str = "") -> str:
    return f'<tr class="{escape(kind)}">' + "".join(f"<{tag}>{escape(str(c))}</{tag}>" for c in cells) + "</tr>\n"
