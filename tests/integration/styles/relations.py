"""How classes are tied to tables and to each other, and how what they are tied to is loaded."""

from __future__ import annotations

from tests.integration.styles.style import Style

STYLES = {
    "imperative mapping": Style(
        models="""
imperative = registry(metadata=Base.metadata)
users = Table("users", Base.metadata, Column("id", Integer, primary_key=True), Column("user_name", String(20), nullable=False, unique=True),
              Column("password", String(12)))
addresses = Table("addresses", Base.metadata, Column("id", Integer, primary_key=True), Column("user_id", ForeignKey("users.id"), nullable=False))

class User:
    pass

class Address:
    pass

class Both:
    pass

imperative.map_imperatively(User, users, exclude_properties=["password"], properties={
    "name": users.c.user_name, "addresses": relationship(Address, backref="user", cascade="all, delete-orphan", order_by=addresses.c.id),
    "many": column_property(select(func.count(addresses.c.id)).where(addresses.c.user_id == users.c.id).scalar_subquery())})
imperative.map_imperatively(Address, addresses)
imperative.map_imperatively(Both, join(users, addresses), properties={"id": [users.c.id, addresses.c.user_id], "address_id": addresses.c.id})
""",
        harm="ALTER TABLE users ADD COLUMN mail text NOT NULL",
        breaks=frozenset({("BGM801", "users", "mail")}),
    ),
    "association tables and objects": Style(
        models="""
class Left(Base):
    __tablename__ = "lefts"
    id = Column(Integer, primary_key=True)
    links = relationship("Link", back_populates="left", cascade="all, delete-orphan")
    rights = association_proxy("links", "right")
    tags = relationship("Tag", secondary="left_tags", back_populates="lefts", lazy="selectin")

class Right(Base):
    __tablename__ = "rights"
    id = Column(Integer, primary_key=True)
    links = relationship("Link", back_populates="right")

class Link(Base):
    __tablename__ = "links"
    left_id = Column(ForeignKey("lefts.id"), primary_key=True)
    right_id = Column(ForeignKey("rights.id"), primary_key=True)
    made = Column(DateTime, server_default=func.now(), nullable=False)
    left = relationship(Left, back_populates="links")
    right = relationship(Right, back_populates="links")

class Tag(Base):
    __tablename__ = "tags"
    id = Column(Integer, primary_key=True)
    lefts = relationship(Left, secondary="left_tags", back_populates="tags")

Table("left_tags", Base.metadata, Column("left_id", ForeignKey("lefts.id"), primary_key=True), Column("tag_id", ForeignKey("tags.id"), primary_key=True))

class Node(Base):
    __tablename__ = "nodes"
    id = Column(Integer, primary_key=True)
    parent_id = Column(ForeignKey("nodes.id"))
    children = relationship("Node", cascade="all", backref=backref("parent", remote_side=[id]))
""",
        harm="DROP TABLE left_tags; ALTER TABLE nodes DROP COLUMN parent_id",
        breaks=frozenset({("BGM802", "left_tags", None), ("BGM801", "lefts", None), ("BGM801", "tags", None), ("BGM802", "nodes", "parent_id")}),
    ),
    "version counters, deferred columns and ways to load": Style(
        models="""
class Doc(Base):
    __tablename__ = "docs"
    id = Column(Integer, primary_key=True)
    version = Column(Integer, nullable=False)
    body = deferred(Column(Text, nullable=False))
    raw = deferred(Column(LargeBinary), group="big")
    pages = relationship("Page", lazy="joined", cascade="all", passive_deletes=True)
    marks = relationship("Mark", lazy="selectin", cascade="all")
    notes = relationship("Note", lazy="raise")
    links = relationship("DocLink", lazy="dynamic", cascade="all, delete-orphan")
    parts = relationship("Part", lazy="subquery")
    __mapper_args__ = {"version_id_col": version}

class Hashed(Base):
    __tablename__ = "hashed"
    id = Column(Integer, primary_key=True)
    ver = Column(String(32), nullable=False)
    txt = Column(Text)
    __mapper_args__ = {"version_id_col": ver, "version_id_generator": lambda version: uuid.uuid4().hex}

class Served(Base):
    __tablename__ = "served"
    id = Column(Integer, primary_key=True)
    ver = Column(Integer, nullable=False, server_default="1")
    txt = deferred(Column(Text))
    __mapper_args__ = {"version_id_col": ver, "version_id_generator": False, "eager_defaults": True}

class Page(Base):
    __tablename__ = "pages"
    id = Column(Integer, primary_key=True)
    doc_id = Column(ForeignKey("docs.id", ondelete="CASCADE"), nullable=False)
"""
        + "".join(f"""
class {name}(Base):
    __tablename__ = "{table}"
    id = Column(Integer, primary_key=True)
    doc_id = Column(ForeignKey("docs.id"))
""" for name, table in (("Mark", "marks"), ("Note", "notes"), ("DocLink", "doc_links"), ("Part", "parts"))),
        harm="ALTER TABLE hashed DROP COLUMN ver; ALTER TABLE served DROP COLUMN txt; DROP TABLE notes; ALTER TABLE pages DROP CONSTRAINT pages_doc_id_fkey,"
        " ADD FOREIGN KEY (doc_id) REFERENCES docs",
        breaks=frozenset({("BGM802", "hashed", "ver"), ("BGM802", "served", "txt"), ("BGM802", "notes", None), ("BGM801", "docs", None)}),
    ),
}
