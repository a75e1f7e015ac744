"""The ways to write models, in words that SQLAlchemy 1.4 takes, too; with each a change of the schema that breaks it, and what that breaks."""

from __future__ import annotations

from dataclasses import dataclass

Broken = tuple[str, str, str | None]  # code, table, column


@dataclass(frozen=True, kw_only=True)
class Style:
    """One way; its tables are no other's."""

    models: str
    harm: str
    breaks: frozenset[Broken]
    warns: frozenset[Broken] = frozenset()


HEAD = """
import enum, json, uuid
from sqlalchemy import *
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.declarative import AbstractConcreteBase, ConcreteBase
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import *

Base = declarative_base()

def CASE(*whens, else_):
    # its form changed with 2.0
    try:
        return case(*whens, else_=else_)
    except Exception:
        return case(whens, else_=else_)
"""
