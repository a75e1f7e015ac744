"""Attributes that are more or less than a column."""

from __future__ import annotations

from tests.integration.styles.style import Style

STYLES = {
    "composites": Style(
        models="""
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __composite_values__(self):
        return self.x, self.y
    def __eq__(self, other):
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)
    def __ne__(self, other):
        return not self == other

class Line(Base):
    __tablename__ = "lines"
    id = Column(Integer, primary_key=True)
    x = Column(Integer, nullable=False)
    y = Column(Integer)
    start = composite(Point, x, y)
    end = composite(Point, Column("end_x", Integer, nullable=False), Column("end_y", Integer, nullable=False))
""",
        harm="ALTER TABLE lines DROP COLUMN end_y",
        breaks=frozenset({("BGM802", "lines", "end_y")}),
    ),
    "hybrids, synonyms and decorated types": Style(
        models="""
class Money:
    def __init__(self, cents):
        self.cents = cents
    def __eq__(self, other):
        return isinstance(other, Money) and other.cents == self.cents

class Cents(TypeDecorator):
    impl = BigInteger
    cache_ok = True
    def process_bind_param(self, value, dialect):
        return None if value is None else value.cents
    def process_result_value(self, value, dialect):
        return None if value is None else Money(value)

class AsJson(TypeDecorator):
    impl = Text
    cache_ok = True
    def process_bind_param(self, value, dialect):
        return json.dumps(value)
    def process_result_value(self, value, dialect):
        return None if value is None else json.loads(value)

class Price(Base):
    __tablename__ = "prices"
    id = Column(Integer, primary_key=True)
    net = Column(Cents, nullable=False)
    tax = Column(Integer, nullable=False)
    bag = Column(AsJson)
    _name = Column("name", String(20), nullable=False)
    alias = synonym("_name")

    @hybrid_property
    def name(self):
        return self._name

    @name.setter
    def name(self, value):
        self._name = value

    @validates("tax")
    def not_negative(self, key, value):
        if value < 0:
            raise ValueError("a tax of less than nothing")
        return value
""",
        harm="ALTER TABLE prices DROP COLUMN name",
        breaks=frozenset({("BGM802", "prices", "name")}),
    ),
    "keys": Style(
        models="""
class Wide(Base):
    __tablename__ = "wide"
    a = Column(Integer, primary_key=True)
    b = Column(String(10), primary_key=True)
    c = Column(String(10), nullable=False)
    d = Column(String(10), key="other")
    up = Column(DateTime(timezone=True), server_default=func.now(), onupdate=func.now())
    n = Column(Integer, Identity(always=True))
    twice = Column(Integer, Computed("a * 2"))
    __table_args__ = (UniqueConstraint("c", "other", name="wide_c_d"), Index("wide_lower", text("lower(c)"), unique=True))

class Narrow(Base):
    __tablename__ = "narrow"
    id = Column(BigInteger, Identity(), primary_key=True)
    wide_a = Column(Integer, nullable=False)
    wide_b = Column(String(10), nullable=False)
    wide = relationship(Wide, backref=backref("narrow", cascade="all, delete-orphan"))
    __table_args__ = (ForeignKeyConstraint(["wide_a", "wide_b"], ["wide.a", "wide.b"]), UniqueConstraint("wide_a", "wide_b"))

plain = Table("plain", Base.metadata, Column("id", Integer, primary_key=True), Column("d", String(10), key="other", unique=True), Column("n", Integer))

class Token(Base):
    __tablename__ = "tokens"
    id = Column(postgresql.UUID(as_uuid=True), primary_key=True, server_default=func.gen_random_uuid())
    number = Column(Integer, Sequence("tokens_seq"), nullable=False)
    several = Column(postgresql.ARRAY(Integer))
    between = Column(postgresql.INT4RANGE)
    bag = Column(postgresql.JSONB, nullable=False, server_default=text("'{}'"))
""",
        harm="DROP SEQUENCE tokens_seq; ALTER TABLE narrow ALTER id DROP IDENTITY; ALTER TABLE wide DROP CONSTRAINT wide_c_d",
        breaks=frozenset({("BGM801", "tokens", None), ("BGM801", "narrow", "id")}),
        warns=frozenset({("BGM801", "wide", None)}),
    ),
}
