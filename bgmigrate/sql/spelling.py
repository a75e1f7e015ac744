"""Expressions as the server spells them, so that the same text parsed again gives the same expression."""

from __future__ import annotations

import functools
import re

_VALUE = r"(?:E?'(?:[^'\\]|\\.|'')*'|NULL)::character varying(?:\(\d+\))?"
_CAST_ONE_BY_ONE = re.compile(rf"ARRAY\[(\({_VALUE}\)::text(?:, \({_VALUE}\)::text)*)\]")
_ELEMENT = re.compile(rf"\(({_VALUE})\)::text")
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\(ARRAY\[|[\[\]]")
_CAST = re.compile(r"\]\)::[a-z ]+\[\]")
_TYPE = re.compile(r"::([a-z][a-z ]*)\Z")


@functools.lru_cache(maxsize=1 << 16)  # a plan reads the same definitions from several databases
def stable(text: str) -> str:
    """The same expression, such that what the server makes of this text reads like it again.

    `status IN ('a', 'b')` over a varchar is stored as an array that is cast as a whole, and shown as `(ARRAY['a'::character varying, …])::text[]`.
    Parsed again, the cast goes to each element, and another expression is stored (parse_expr.c, transformArrayExpr): what a migration, a dump
    or we made from the text would differ from what the models make. A cast of the array to its own type keeps the outer one where it is.
    """
    text = _CAST_ONE_BY_ONE.sub(lambda m: "(ARRAY[" + _ELEMENT.sub(r"\1", m[1]) + "])::text[]", text)
    out, at, opened = "", 0, list[int]()
    for token in _TOKEN.finditer(text):
        if token[0] in ("[", "(ARRAY["):
            opened.append(token.end())
        elif token[0] == "]" and opened:
            type_ = _TYPE.search(text[opened.pop() : token.start()])  # the last element's, and so the array's
            if type_ and _CAST.match(text, token.start()):
                out, at = f"{out}{text[at : token.end()]}::{type_[1]}[]", token.end()
    return out + text[at:]
