"""Tables, the session, and finding things; one request or job is one transaction, ended at the edge."""

import os
import weakref
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import CHAR, BigInteger, CheckConstraint, DateTime, Engine, Enum, MetaData, create_engine, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    composite,
    mapped_column,
    scoped_session,
    sessionmaker,
)
from uuid6 import uuid7

from marketplace.core.errors import NotFound
from marketplace.core.money import Money

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> UUID:
    """A fresh identifier that sorts by time and cannot be guessed by counting."""
    return UUID(bytes=uuid7().bytes)


class Model(DeclarativeBase):
    """A table of the marketplace; the mapped class is the domain object."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        int: BigInteger,
        dict[str, Any]: JSONB,
        dict[str, str]: JSONB,
        list[str]: JSONB,
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=True,
            length=40,
            values_callable=lambda kind: [m.value for m in kind],
        ),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-10)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=-9)


session: scoped_session[Any] = scoped_session(sessionmaker(expire_on_commit=False))
"""The unit of work of the current request, job or test."""

M = TypeVar("M", bound=Model)


def find(kind: type[M], identity: UUID, lock: bool = False) -> M:
    """Load one thing by its id, locking its row when a decision will be taken on it; unknown is 404."""
    query = select(kind).where(kind.id == identity)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound()
    return found


def ask(statement: str, **values: Any) -> Any:
    """The one row of a statement sent to the driver as it is written, or nothing.

    For the few statements of every request: composing them and describing their result anew would cost more than
    running them. The driver prepares them; its errors come as SQLAlchemy's.
    """
    return _sent(statement, values).fetchone()


def ask_all(statement: str, **values: Any) -> list[Any]:
    """Every row of such a statement."""
    rows: list[Any] = _sent(statement, values).fetchall()
    return rows


def _sent(statement: str, values: dict[str, Any]) -> Any:
    driver: Any = session.connection().connection.driver_connection
    try:
        return driver.cursor(row_factory=namedtuple_row).execute(statement, values)
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error) from error


def commit_each_statement() -> None:
    """This request writes by one statement only, which is its own transaction: two round trips less to the database."""
    if isinstance(session.get_bind(), Engine):  # a test that works in a transaction of its own keeps it
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


def money_columns(name: str, optional: bool = False) -> Any:
    """Two columns that hold one amount: ``<name>_minor`` and ``<name>_currency``."""
    build: Callable[..., Money | None] = _optional_money if optional else Money
    return composite(
        build,
        mapped_column(f"{name}_minor", BigInteger, nullable=optional),
        mapped_column(f"{name}_currency", CHAR(3), nullable=optional),
    )


def _optional_money(amount_minor: int | None, currency: str | None) -> Money | None:
    return None if amount_minor is None or currency is None else Money(amount_minor, currency)


def same_currency(*names: str) -> CheckConstraint:
    """A table rule: these amounts are all of one currency."""
    first = names[0]
    rule = " AND ".join(f"{first}_currency = {other}_currency" for other in names[1:])
    return CheckConstraint(rule, name=f"{first}_one_currency")


def make_engine(database_url: str, **options: Any) -> Engine:
    """An engine for this PostgreSQL address through psycopg; a forked process begins without its parent's connections."""
    url = make_url(database_url)
    engine = create_engine(url.set(drivername="postgresql+psycopg"), **options)
    known = weakref.ref(engine)
    os.register_at_fork(after_in_child=lambda: _forget_connections(known()))
    return engine


def _forget_connections(engine: Engine | None) -> None:
    if engine is not None:
        engine.dispose(close=False)
