"""The smallest pair of versions that needs everything: a sync trigger, a backfill and a contract."""

BASE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

'''
BLUE = BASE + '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
'''
GREEN = BASE + '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "name"}})
'''
SEED = "INSERT INTO users (name) SELECT 'üser ' || i FROM generate_series(1, {rows}) i"
