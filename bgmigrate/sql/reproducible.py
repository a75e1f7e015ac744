"""PostgreSQL's own text of an expression, so that PostgreSQL reads it as what it was.

It is not always: `state IN ('a', 'b')` on a varchar column is shown as `... = ANY ((ARRAY['a'::character varying, ...])::text[])`, and that is read
as an array whose elements are cast one by one (parse_expr.c, transformTypeCast): the same to every row, and shown differently for ever after.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\(ARRAY\[|[\[\]]")
_CAST = re.compile(r"\]\)::[a-z ]+\[\]")
_TYPE = re.compile(r"::([a-z][a-z ]*)\Z")


def reproducible(text: str) -> str:
    """The same with the type of an array said that is cast as a whole, which keeps it one cast."""
    out, at, opened = "", 0, list[int]()
    for token in _TOKEN.finditer(text):
        if token[0] in ("[", "(ARRAY["):
            opened.append(token.end())
        elif token[0] == "]" and opened:
            type_ = _TYPE.search(text[opened.pop() : token.start()])  # the last element's, and so the array's
            if type_ and _CAST.match(text, token.start()):
                out, at = f"{out}{text[at : token.end()]}::{type_[1]}[]", token.end()
    return out + text[at:]
