"""`# bgmigrate: ignore BGM101 -- reason`, on a statement's line or before it: a finding that a person answers for."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bgmigrate.findings import Finding

NO_REASON = "BGM940"
UNUSED = "BGM941"
_MARK = re.compile(r"#\s*bgmigrate:\s*ignore\b(?P<codes>[^#]*?)(?:--\s*(?P<reason>.*))?$")
_CODE = re.compile(r"BGM\d{3}")


@dataclass
class Suppression:
    """One comment. It holds for the statements that begin or stand on `lines`."""

    line: int
    codes: tuple[str, ...]
    reason: str
    lines: range
    used: set[str] = field(default_factory=set)


@dataclass
class Suppressions:
    """Those of one file."""

    source: str

    @cached_property
    def found(self) -> list[Suppression]:
        """Every comment that asks for silence."""
        return list(_read(self.source)) if "bgmigrate:" in self.source else []

    def silences(self, code: str, line: int | None) -> bool:
        """Is this finding answered for? One without a reason answers for nothing."""
        hit = False
        for s in self.found:
            if code in s.codes and line is not None and line in s.lines:
                s.used.add(code)
                hit = hit or bool(s.reason)
        return hit

    def complaints(self, active: Sequence[str]) -> Iterator[Finding]:
        """What is wrong with the comments themselves, once all findings were asked about. `active`: the codes that could be found at all."""
        for s in self.found:
            named = ", ".join(s.codes)
            if not s.codes:
                yield Finding(
                    code=NO_REASON, what="a suppression names no code", why="It would silence what nobody has thought of.", line=s.line,
                    next="# bgmigrate: ignore BGM101 -- the table has twelve rows",
                )
            elif not s.reason:
                yield Finding(
                    code=NO_REASON, what=f"the suppression of {named} gives no reason", why="Whoever reads it cannot tell whether it still holds.",
                    line=s.line, next=f"# bgmigrate: ignore {named} -- why it cannot hurt here",
                )
            elif spare := [c for c in s.codes if c not in s.used and c in active]:
                yield Finding(
                    code=UNUSED, severity="warning", what=f"the suppression of {', '.join(spare)} silences nothing", line=s.line,
                    why="It would silence the next one that comes in there, which nobody has thought of.", next=f"Remove {', '.join(spare)} from it.",
                )
            elif unknown := [c for c in s.codes if c not in active and c not in s.used]:
                yield Finding(
                    code=UNUSED, severity="warning", what=f"the suppression names {', '.join(unknown)}, which is no rule, or is off", line=s.line,
                    why="It silences nothing.", next=f"Remove {', '.join(unknown)} from it; `bgmigrate lint --explain CODE` says what there is.",
                )


def _read(source: str) -> Iterator[Suppression]:
    try:
        comments = {t.start[0]: t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT}
        spans = list(_spans(ast.parse(source)))
    except (tokenize.TokenError, SyntaxError):
        return
    lines = source.splitlines()
    for number, token in comments.items():
        if found := _MARK.search(token.string):
            own = lines[number - 1].lstrip().startswith("#")
            at = number
            while own and at in comments and lines[at - 1].lstrip().startswith("#"):
                at += 1  # the statement after the comment, however many lines the comment has
            inside = [s for s in spans if s.start <= number < s.stop and not own] or [s for s in spans if s.start == at]
            reason = (found["reason"] or "").strip()
            codes = tuple(dict.fromkeys(_CODE.findall(found["codes"])))
            yield Suppression(line=number, codes=codes, reason=reason, lines=min(inside, key=len, default=range(at, at + 1)))


def _spans(tree: ast.AST) -> Iterator[range]:
    """The lines of each simple statement; of a compound one, of its head."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            yield range(node.lineno, max(last, node.lineno) + 1)
