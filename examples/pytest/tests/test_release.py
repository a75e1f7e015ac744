import pytest
from models import Customer
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session


@pytest.fixture
def session(bgmigrate_scratch):
    with Session(create_engine(bgmigrate_scratch)) as session:
        yield session


def test_customers_of_the_last_release_have_a_name_here(bgmigrate_blue, session):
    rows = bgmigrate_blue.write()
    assert {row["table"] for row in rows} == {"customers"}
    assert all(customer.full_name for customer in session.scalars(select(Customer)))


def test_the_last_release_reads_what_this_one_writes(bgmigrate_blue, session):
    customer = Customer(full_name="Ada Lovelace")
    session.add(customer)
    session.commit()
    (read,) = bgmigrate_blue.read([{"table": "customers", "key": [str(customer.id)]}])
    assert read["values"]["customers.name"] == ["text", "Ada Lovelace"]
