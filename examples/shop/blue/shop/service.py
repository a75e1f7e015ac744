"""What the blue shop does for its callers. Facts go in and out by the business's names, not by the columns'."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.models import Customer, Order, OrderLine

KNOWS = frozenset({"name", "email", "phone", "fax", "newsletter", "points"})
KNOWS_OF_ORDERS = frozenset({"customer", "note", "lines"})


def _facts(customer: Any) -> dict[str, Any]:
    return {
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "fax": customer.fax,
        "newsletter": customer.newsletter,
        "points": customer.points,
    }


def register(session: Session, facts: Mapping[str, Any]) -> int:
    """A new customer's id."""
    customer = Customer(**{fact: facts[fact] for fact in KNOWS})
    session.add(customer)
    session.flush()
    return customer.id


def read(session: Session, customer_id: int) -> dict[str, Any]:
    """What this version knows of a customer."""
    return _facts(session.get_one(Customer, customer_id))


def change(session: Session, customer_id: int, facts: Mapping[str, Any], earned: int) -> None:
    """Read, modify, write: new facts, and points on top of what the customer has."""
    customer = session.get_one(Customer, customer_id, with_for_update=True)
    for fact, value in facts.items():
        if fact in KNOWS:
            setattr(customer, fact, value)
    customer.points += earned


def place_order(session: Session, order: Mapping[str, Any]) -> int:
    """A new order's id."""
    made = Order(customer_id=order["customer"], note=order["note"])
    made.lines = [
        OrderLine(position=n, product_id=product, quantity=quantity, unit_cents=cents) for n, (product, quantity, cents) in enumerate(order["lines"], 1)
    ]
    session.add(made)
    session.flush()
    return made.id


def read_order(session: Session, order_id: int) -> dict[str, Any]:
    """What this version knows of an order."""
    order = session.get_one(Order, order_id)
    return {
        "customer": order.customer_id,
        "note": order.note,
        "lines": [[line.product_id, line.quantity, line.unit_cents] for line in order.lines],
    }


def everybody(session: Session) -> Iterator[tuple[int, dict[str, Any]]]:
    """All customers, for the closing audit."""
    columns = (Customer.id, Customer.name, Customer.email, Customer.phone, Customer.fax, Customer.newsletter, Customer.points)
    for row in session.execute(select(*columns).execution_options(yield_per=5000)):
        yield row.id, _facts(row)
