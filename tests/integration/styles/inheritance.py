"""Classes that inherit: a table each, one together, and something of both."""

from __future__ import annotations

from tests.integration.styles.style import Style

STYLES = {
    "concrete inheritance": Style(
        models="""
class Employee(ConcreteBase, Base):
    __tablename__ = "employees"
    id = Column(Integer, primary_key=True)
    name = Column(String(50), nullable=False)
    __mapper_args__ = {"polymorphic_identity": "employee", "concrete": True}

class Chief(Employee):
    __tablename__ = "chiefs"
    id = Column(Integer, primary_key=True)
    name = Column(String(50), nullable=False)
    motto = Column(String(40))
    __mapper_args__ = {"polymorphic_identity": "chief", "concrete": True}

class Vehicle(AbstractConcreteBase, Base):
    pass

class Car(Vehicle):
    __tablename__ = "cars"
    id = Column(Integer, primary_key=True)
    plate = Column(String(10), unique=True)
    __mapper_args__ = {"polymorphic_identity": "car", "concrete": True}

class Coach(Vehicle):
    __tablename__ = "coaches"
    id = Column(Integer, primary_key=True)
    seats = Column(Integer, nullable=False)
    __mapper_args__ = {"polymorphic_identity": "coach", "concrete": True}
""",
        harm="ALTER TABLE chiefs DROP COLUMN motto; ALTER TABLE coaches ADD COLUMN doors int NOT NULL",
        breaks=frozenset({("BGM802", "chiefs", "motto"), ("BGM801", "employees", None), ("BGM801", "coaches", "doors")}),
    ),
    "joined and single inheritance": Style(
        models="""
class Owner(Base):
    __tablename__ = "owners"
    id = Column(Integer, primary_key=True)
    animals = relationship("Animal", back_populates="owner", cascade="all, delete-orphan")

class Animal(Base):
    __tablename__ = "animals"
    id = Column(Integer, primary_key=True)
    kind = Column(String(20), nullable=False)
    name = Column(String(20), nullable=False, unique=True)
    owner_id = Column(ForeignKey("owners.id"), nullable=False)
    owner = relationship("Owner", back_populates="animals")
    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "animal", "with_polymorphic": "*"}

class Dog(Animal):
    __tablename__ = "dogs"
    id = Column(ForeignKey("animals.id"), primary_key=True)
    breed = Column(String(20), nullable=False)
    tricks = relationship("Trick", cascade="all")
    __mapper_args__ = {"polymorphic_identity": "dog"}

class Puppy(Dog):
    weeks = Column(Integer)
    __mapper_args__ = {"polymorphic_identity": "puppy"}

class Cat(Animal):
    lives = Column(Integer)
    __mapper_args__ = {"polymorphic_identity": "cat"}

class Trick(Base):
    __tablename__ = "tricks"
    id = Column(Integer, primary_key=True)
    dog_id = Column(ForeignKey("dogs.id"), nullable=False)
""",
        harm="ALTER TABLE dogs DROP COLUMN weeks",
        breaks=frozenset({("BGM802", "dogs", "weeks"), ("BGM801", "owners", None), ("BGM801", "animals", None)}),
    ),
    "an enum as discriminator": Style(
        models="""
class Kind(enum.Enum):
    book = "B"
    disc = "D"

class Item(Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)
    kind = Column(Enum(Kind), nullable=False)
    __mapper_args__ = {"polymorphic_on": kind}

class Book(Item):
    __tablename__ = "books"
    id = Column(ForeignKey("items.id", ondelete="CASCADE"), primary_key=True)
    pages = Column(Integer, nullable=False)
    __mapper_args__ = {"polymorphic_identity": Kind.book}

class Disc(Item):
    __mapper_args__ = {"polymorphic_identity": Kind.disc}
""",
        harm="ALTER TYPE kind RENAME VALUE 'disc' TO 'record'",
        breaks=frozenset({("BGM801", "items", None)}),
    ),
    "a computed discriminator": Style(
        models="""
class Payment(Base):
    __tablename__ = "payments"
    id = Column(Integer, primary_key=True)
    provider = Column(String(20), nullable=False)
    test = Column(Boolean, nullable=False)
    on = column_property(CASE((and_(provider == "visa", test.is_(False)), "card"), (provider == "bank", "transfer"), else_="payment"))
    __mapper_args__ = {"polymorphic_on": on, "polymorphic_identity": "payment"}

class Card(Payment):
    digits = Column(String(4))
    __mapper_args__ = {"polymorphic_identity": "card"}

class Transfer(Payment):
    __tablename__ = "transfers"
    id = Column(ForeignKey("payments.id"), primary_key=True)
    iban = Column(String(34), nullable=False)
    __mapper_args__ = {"polymorphic_identity": "transfer"}
""",
        harm="ALTER TABLE transfers DROP COLUMN iban",
        breaks=frozenset({("BGM802", "transfers", "iban")}),
    ),
}
