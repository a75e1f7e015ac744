"""Findings as JUnit XML, which every build server reads.

There is no standard; this holds to both schemas that are in use, Ant's (windyroad/JUnit-Schema) and Jenkins' (xunit-plugin, junit-10.xsd).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree import ElementTree as xml

from bgmigrate.findings import Finding

# What XML 1.0 cannot hold (section 2.2), not even escaped; a server's words may quote it.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing that was asked: it failed for these findings, or was skipped for a reason (inconclusive), or passed."""

    group: str
    name: str
    seconds: float = 0.0
    failed: bool = False
    findings: tuple[Finding, ...] = ()
    detail: str = ""
    skipped: str = ""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """What belongs together. `notes`: findings that fail nothing."""

    name: str
    cases: Sequence[Case]
    properties: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[Finding] = ()


def junit(suites: Sequence[Suite], *, at: datetime) -> str:
    """The file's text. `at`: when it was found out."""
    root = xml.Element("testsuites")
    for number, suite in enumerate(suites):
        _suite(xml.SubElement(root, "testsuite"), suite, number, at)
    xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _suite(element: xml.Element, suite: Suite, number: int, at: datetime) -> None:
    failures, skipped = sum(c.failed for c in suite.cases), sum(bool(c.skipped) and not c.failed for c in suite.cases)
    element.attrib.update({
        "name": _legal(suite.name), "package": "bgmigrate", "id": str(number), "tests": str(len(suite.cases)), "failures": str(failures),
        "errors": "0", "skipped": str(skipped), "time": f"{sum(c.seconds for c in suite.cases):.3f}",
        "timestamp": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}", "hostname": socket.gethostname() or "localhost",
    })
    properties = xml.SubElement(element, "properties")
    for name, value in suite.properties.items():
        xml.SubElement(properties, "property", name=_legal(name), value=_legal(value))
    for case in suite.cases:
        _case(xml.SubElement(element, "testcase"), case)
    xml.SubElement(element, "system-out").text = _legal("\n".join(map(told, suite.notes)))
    xml.SubElement(element, "system-err")


def _case(element: xml.Element, case: Case) -> None:
    element.attrib.update({"classname": _legal(case.group), "name": _legal(case.name), "time": f"{case.seconds:.3f}"})
    if case.failed:
        first = case.findings[0].what if case.findings else case.detail.partition("\n")[0] or "failed"
        failure = xml.SubElement(element, "failure", type=case.findings[0].code if case.findings else "failed", message=_legal(first))
        failure.text = _legal("\n".join(filter(None, (*map(told, case.findings), case.detail))))
    elif case.skipped:
        xml.SubElement(element, "skipped", message=_legal(case.skipped))


def told(finding: Finding) -> str:
    """A finding as lines of text."""
    lines = (f"{finding.severity} {finding.code}: {finding.what}", finding.why and f"why: {finding.why}", finding.next and f"next: {finding.next}")
    return "\n  ".join(filter(None, lines))


def _legal(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
