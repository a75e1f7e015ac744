"""A rule's page: the danger, the reason, what is found and what is not. For `--explain`, and for docs/reference/lint.md.

    python -m bgmigrate.lint.pages       # writes that file
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from bgmigrate.lint.rule import Rule
from bgmigrate.lint.rules import RULES

MARK = "<!-- Written by `python -m bgmigrate.lint.pages`; do not edit. -->"
_INTRODUCTION = """\
# Rules of lint

`bgmigrate lint` looks at revision files, and needs no database: [how to use it](../how-to/lint.md), [what it is worth](../explanation/lint.md).
A rule's severity is its usual one: some find a thing certain in one place and possible in another, and say so. `[tool.bgmigrate.lint]`
[changes it](configuration.md). The examples are bodies of `upgrade()`; each is a test."""


_ELSEWHERE = """\
## Hazards that no file tells of

Some hazards of the table have no rule here, for what decides is not in the revision:

- BGM213 polymorphic-discriminator, a row of a class that the running version does not know: `verify` loads each version's rows with the
  other's models;
- BGM402 no-statement-timeout, a long statement under a strong lock: an error by its own code (BGM101 to BGM119, BGM403, BGM406), and
  `rehearse` says how long it would last;
- BGM501 unique-dups, BGM502 nulls, BGM504 fk-orphans, BGM505 check-violations, rows that break a new rule: `plan` and `expand` count them before
  anything is changed;
- BGM616 cic-corruption-version, concurrent builds by PostgreSQL 14.0 to 14.3: `expand` asks the server, and refuses;
- BGM617 expression-index-no-analyze, an index whose expression has no statistics yet: ANALYZE the table after the release, or wait for autovacuum.

Where a history is needed lint says as much as the history does: of a domain (BGM114), a CHECK (BGM117), a view (BGM215), a publication
(BGM217), a key (BGM218), the types of two columns (BGM506)."""


def text(rule: Rule) -> str:
    """For a terminal."""
    return "\n".join([
        f"{rule.code} {rule.name} ({rule.severity})", f"danger: {rule.danger}", f"reason: {rule.reason}",
        f"found{_where(rule)}:", textwrap.indent(rule.unsafe, "    "), "not found:", textwrap.indent(rule.safe, "    "),
        f"silence: # bgmigrate: ignore {rule.code} -- your reason",
    ])


def page() -> str:
    """All of them, as Markdown."""
    return "\n\n".join([MARK, _INTRODUCTION, *map(_section, RULES), _ELSEWHERE]) + "\n"


def _section(rule: Rule) -> str:
    return "\n\n".join([
        f"## {rule.code} {rule.name.replace('>', '&gt;')}", f"*{rule.severity}*. {_escaped(rule.danger)}", _escaped(rule.reason),
        f"Found{_where(rule)}:", f"```python\n{rule.unsafe}\n```", "Not found:", f"```python\n{rule.safe}\n```",
    ])


def _where(rule: Rule) -> str:
    return "" if rule.phase == "history" else f" in a revision of the {rule.phase} branch"


def _escaped(words: str) -> str:
    return words.replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    (Path(__file__).parents[2] / "docs/reference/lint.md").write_text(page(), encoding="utf-8")
