"""The page: a matrix with a state in every cell, the evidence behind each, nothing loaded and nothing unescaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from bgmigrate.reporting.matrix import matrix
from bgmigrate.reporting.page import page
from tests.unit.reporting.documents import document, large

VOID = {"meta", "input", "br"}


class Tree(HTMLParser):
    """Checks that what is opened is closed; collects ids, links, headers and what loads something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headers: list[dict[str, str | None]] = []
        self.loads: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.open += [] if tag in VOID else [tag]
        self.ids += [v for k, v in attrs if k == "id" and v]
        self.links += [v for k, v in attrs if k == "href" and v]
        self.headers += [found] if tag == "th" else []
        self.loads += [tag] if tag in ("link", "img", "iframe") or "src" in found else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def states(text: str) -> dict[str, str]:
    return {t: s for s, t in re.findall(r'<td class="([\w-]+)" title="([^"]+)"', text)}


def test_every_cell_has_its_state() -> None:
    found = states(page(document()))
    assert found["blue, round trip, users: failed"] == "failed"
    assert found["blue, round trip, seals: inconclusive"] == "inconclusive"
    assert found["green, cross-read, orders &lt;x&gt;: warning"] == "warning"
    assert found["blue, shape, users: passed"] == "passed"
    assert found["green, command, the schema as a whole: passed"] == "passed"
    assert found["green, cross-read, users: not tried"] == "not-tried"
    assert len(found) == 5 * 4


def test_every_link_leads_to_the_evidence_behind_it() -> None:
    tree = Tree(page(document()))
    assert len(tree.ids) == len(set(tree.ids))
    assert {link.removeprefix("#") for link in tree.links} <= set(tree.ids)
    assert all(header.get("scope") for header in tree.headers)


def test_the_evidence_says_what_was_tried_and_what_the_server_said() -> None:
    text = page(document())
    for part in ("7 statements tried, 2 failed: 3 INSERT, 4 SELECT", "INSERT INTO users (name)", "23502 null value in column", "error BGM801", "why: w &amp; x",
                 "another version runs there", "sqlalchemy 1.4.50, psycopg2 2.9.9", "postgresql 16.4", "sha256:0"):
        assert part in text


def test_nothing_is_unescaped_and_nothing_is_loaded() -> None:
    text = page(document())
    tree = Tree(text)
    assert "<b>" not in text
    assert "<x>" not in text
    assert tree.loads == []
    assert "http" not in re.sub(r"http-equiv", "", text)


def test_a_page_of_250_tables_stays_small() -> None:
    text = page(large(250))
    Tree(text)
    assert len(states(text)) == 1500
    assert len(text) < 1_500_000


def test_a_finding_of_one_driver_fails_that_drivers_column_only() -> None:
    counts = {"checked": 2, "failed": 0, "inconclusive": 0}
    probes = [
        {"probe": "roundtrip", "version": "blue", "driver": "psycopg", "tables": {"t": counts}},
        {"probe": "roundtrip", "version": "blue", "driver": "asyncpg", "tables": {"t": counts | {"failed": 1}}},
    ]
    found = matrix(probes, [{"code": "BGM801", "what": "w", "version": "blue", "probe": "roundtrip", "table": "t"}])
    assert [found.cell(c, "t").state for c in found.columns] == ["passed", "failed"]


def test_every_colour_can_be_read() -> None:
    """WCAG 2.1, 1.4.3: a contrast of 4.5 at least."""
    pairs = re.findall(r"\.[\w-]+ \{ background: #(\w{6}|\w{3}); color: #(\w{6}|\w{3}) \}", page(document()))
    assert len(pairs) == 5
    for pair in pairs:
        light, dark = (_luminance(c if len(c) == 6 else "".join(x * 2 for x in c)) for c in pair)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, pair


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
