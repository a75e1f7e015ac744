"""Expressions as the server spells them, so that the same text parsed again gives the same expression."""

from __future__ import annotations

import re

_VALUE = r"(?:E?'(?:[^'\\]|\\.|'')*'|NULL)::character varying(?:\(\d+\))?"
_CAST_AS_A_WHOLE = re.compile(rf"\(ARRAY\[({_VALUE}(?:, {_VALUE})*)\]\)::text\[\]")
_CAST_ONE_BY_ONE = re.compile(rf"ARRAY\[(\({_VALUE}\)::text(?:, \({_VALUE}\)::text)*)\]")
_ELEMENT = re.compile(rf"\(({_VALUE})\)::text")


def stable(text: str) -> str:
    """The same expression, such that what the server makes of this text reads like it again.

    `status IN ('a', 'b')` over a varchar is stored as an array that is cast as a whole, and shown as `(ARRAY['a'::character varying, …])::text[]`.
    Parsed again, the cast goes to each element, and another expression is stored (parse_expr.c, transformArrayExpr): what a migration, a dump
    or we made from the text would differ from what the models make. A cast of the array to its own type keeps the outer one where it is.
    """
    if "character varying" not in text:
        return text
    whole = _CAST_ONE_BY_ONE.sub(lambda m: "(ARRAY[" + _ELEMENT.sub(r"\1", m[1]) + "])::text[]", text)
    return _CAST_AS_A_WHOLE.sub(r"(ARRAY[\1]::character varying[])::text[]", whole)
