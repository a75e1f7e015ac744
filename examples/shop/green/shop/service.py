"""What the green shop does for its callers. Facts go in and out by the business's names, not by the columns'."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.models import Address, Customer, Order, OrderLine

KNOWS = frozenset({"name", "email", "email_key", "phone", "points", "tier", "street"})
KNOWS_OF_ORDERS = frozenset({"customer", "note", "channel", "lines"})


def _facts(customer: Any, street: str | None) -> dict[str, Any]:
    return {
        "name": customer.full_name,
        "email": customer.email,
        "email_key": customer.email_key,
        "phone": customer.phone,
        "points": customer.points,
        "tier": customer.tier,
        "street": street,
    }


def register(session: Session, facts: Mapping[str, Any]) -> int:
    """A new customer's id."""
    customer = Customer(full_name=facts["name"], **{fact: facts[fact] for fact in ("email", "email_key", "phone", "points", "tier")})
    session.add(customer)
    session.flush()
    if facts["street"]:
        session.add(Address(customer_id=customer.id, street=facts["street"]))
    return customer.id


def read(session: Session, customer_id: int) -> dict[str, Any]:
    """What this version knows of a customer."""
    customer = session.get_one(Customer, customer_id)
    return _facts(customer, session.scalar(select(Address.street).where(Address.customer_id == customer_id)))


def change(session: Session, customer_id: int, facts: Mapping[str, Any], earned: int) -> None:
    """Read, modify, write: new facts, and points on top of what the customer has."""
    customer = session.get_one(Customer, customer_id, with_for_update=True)
    for fact, value in facts.items():
        if fact == "name":
            customer.full_name = value
        elif fact == "street":
            address = session.scalar(select(Address).where(Address.customer_id == customer_id))
            if address is None:
                session.add(Address(customer_id=customer_id, street=value))
            else:
                address.street = value
        elif fact in KNOWS:
            setattr(customer, fact, value)
    customer.points += earned


def place_order(session: Session, order: Mapping[str, Any]) -> int:
    """A new order's id."""
    made = Order(customer_id=order["customer"], note=order["note"], channel=order["channel"])
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
        "channel": order.channel,
        "lines": [[line.product_id, line.quantity, line.unit_cents] for line in order.lines],
    }


def everybody(session: Session) -> Iterator[tuple[int, dict[str, Any]]]:
    """All customers, for the closing audit."""
    columns = (Customer.id, Customer.full_name, Customer.email, Customer.email_key, Customer.phone, Customer.points, Customer.tier, Address.street)
    for row in session.execute(select(*columns).outerjoin(Address, Address.customer_id == Customer.id).execution_options(yield_per=5000)):
        yield row.id, _facts(row, row.street)
