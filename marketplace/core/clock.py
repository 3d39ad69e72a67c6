"""The one place where time is read."""

from datetime import UTC, datetime

from sqlalchemy import text


def now() -> datetime:
    """The present instant, aware and in UTC."""
    return datetime.now(UTC)


def database_now() -> datetime:
    """The database server's clock at this moment, the sole judge of deadlines."""
    from marketplace.core.db import session

    instant: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return instant.astimezone(UTC)
