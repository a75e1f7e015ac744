"""Which class of a hierarchy a table's rows are rows of."""

from __future__ import annotations

from typing import Any, List, Optional


def base_of(mapper: Any) -> Any:
    """The mapper whose table has a row for each instance: a concrete class's own, for it shares no table with what it inherits from."""
    while mapper.inherits is not None and not mapper.concrete:
        mapper = mapper.inherits
    return mapper


def of_base(instances: List[Any], mapper: Any) -> Optional[Any]:
    """The instance that is a row of the mapper's base table: a concrete base also finds rows of its subclasses' tables with the same key."""
    return next((i for i in instances if base_of(type(i).__mapper__) is base_of(mapper)), None)
